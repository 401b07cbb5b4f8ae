import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findBoard } from "../../../provider/catalog/boards.js";
import { nearestTypes } from "../../../provider/catalog/nearest-types.js";
import { typesOfBoard, vgpuTypes } from "../../../provider/catalog/types.js";

const board = findBoard({ deviceId: "10de:2235" });
const ofA40 = board === null ? [] : typesOfBoard(board).map(({ shortName }) => shortName);

describe("nearestTypes", () => {
  it("offers what differs by a letter, of equal ones that first which serves the most uses", () => {
    expect(nearestTypes("A40-8G")).toEqual(["A40-8Q", "A40-8C", "A40-8A"]);
    expect(nearestTypes("L40S-48", { count: 1 })).toEqual(["L40S-48Q"]);
    expect(nearestTypes("A40-7Q", { count: 2 })).toEqual(["A40-6Q", "A40-8Q"]);
  });

  it.each([
    ["A40", "A40-1Q", "A40-2Q", "A40-3Q"],
    ["A40-8", "A40-8Q", "A40-8C", "A40-8A"],
    ["A40 8Q", "A40-8Q", "A40-8C", "A40-8A"],
    ["my type is A40-8Q", "A40-8Q", "A40-8C", "A40-8A"],
    ["NVIDIA  A40-8q", "A40-8Q", "A40-8C", "A40-8A"],
    ["A4O-8Q", "A40-8Q", "A40-8C", "A40-8A"],
    ["RTX6000-Ada", "RTX6000-Ada-1Q", "RTX6000-Ada-2Q", "RTX6000-Ada-3Q"],
  ])("offers for %j those that begin as a part of it does", (text, ...expected) => {
    expect(nearestTypes(text)).toEqual(expected);
  });

  it.each(["", " ", "12", "8Q", "vgpu", "a b c d e f g"])(
    "offers none for %j where nothing says which board is meant",
    (text) => {
      expect(nearestTypes(text)).toEqual([]);
    },
  );

  it.each([
    ["", "A40-1Q", "A40-2Q", "A40-3Q"],
    [" ", "A40-1Q", "A40-2Q", "A40-3Q"],
    ["12", "A40-12Q", "A40-12C", "A40-12A"],
    ["8Q", "A40-8Q", "A40-8C", "A40-8A"],
    ["L40S-8Q", "A40-8Q", "A40-8C", "A40-8A"],
    ["nvidia-558", "A40-2Q"],
    ["nvidia-11", "A40-1Q", "A40-1B", "A40-1A"],
  ])("offers for %j those of the board where it is known", (text, ...expected) => {
    expect(nearestTypes(text, { names: ofA40 })).toEqual(expected);
  });

  it("takes no longer for a text without an end", () => {
    expect(nearestTypes(`${"A40-8 ".repeat(100_000)}${"x".repeat(100_000)}`, { names: ofA40 })).toHaveLength(
      3,
    );
  });

  it("offers the types that had the number of an mdev type", () => {
    expect(nearestTypes("nvidia-11")).toEqual(["M60-0B"]);
  });

  it("has a known name as the nearest to itself", () => {
    fc.assert(
      fc.property(fc.constantFrom(...vgpuTypes()), (type) => {
        expect(nearestTypes(type.shortName.toLowerCase(), { count: 1 })).toEqual([type.shortName]);
      }),
      { numRuns: 20 },
    );
  });
});
