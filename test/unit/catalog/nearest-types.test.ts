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

  it.each([" nvidia-11 ", "NVIDIA-11\n"])("takes %j for the number of an mdev type", (text) => {
    expect(nearestTypes(text)).toEqual(["M60-0B"]);
  });

  it.each(["my nvidia-11", "nvidia-11x", "nvidia-", "nvidia-undefined"])(
    "takes %j for no number of an mdev type",
    (text) => {
      expect(nearestTypes(text)).toEqual([]);
    },
  );

  it.each([
    ["A4O 8Q", "two words that are one name"],
    ["A4O   8Q", "any blanks between them"],
    [" A4O-8Q ", "blanks around it"],
    ["we want a A4O 8Q", "words before it"],
    [`${"very ".repeat(30)}long A4O-8Q`, "many words before it"],
  ])("takes the end of %j that is most like a name: %s", (text) => {
    expect(nearestTypes(text)).toContain("A40-8Q");
  });

  it("takes the longest GPU part that the text has, whichever comes first", () => {
    const names = ["RTX6000-8Q", "RTX6000-Ada-8Q"];
    for (const ordered of [names, names.toReversed()]) {
      expect(nearestTypes("RTX6000 -  Ada 8", { names: ordered })).toEqual(["RTX6000-Ada-8Q"]);
      expect(nearestTypes("RTX6000 8", { names: ordered })).toEqual(["RTX6000-8Q"]);
    }
  });

  it("goes by the last number that is none of the GPU part", () => {
    expect(nearestTypes("A40 with 2 heads and 8 GiB memory", { names: ofA40, count: 1 })).toEqual(["A40-8Q"]);
    expect(nearestTypes("L40S", { names: ["L40S-48Q", "L40S-8Q", "L40S-1Q"] })).toEqual([
      "L40S-1Q",
      "L40S-8Q",
      "L40S-48Q",
    ]);
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
