import { describe, expect, it } from "vitest";
import { editDistance, nearestTexts } from "../../../provider/catalog/nearest.js";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["A40-8Q", "A40-8Q", 0],
    ["a", "", 1],
    ["", "abc", 3],
    ["A40-8Q", "A40-8G", 1],
    ["A40-8Q", "A40-Q", 1],
    ["A40-8Q", "A40-48Q", 1],
    ["ab", "ba", 2],
    ["kitten", "sitting", 3],
    ["abcd", "xyzw", 4],
  ])("from %j to %j is %i", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe("nearestTexts", () => {
  it("are the likest first, then those that begin like it, then in their given order", () => {
    expect(nearestTexts("ab", ["xyz", "xb", "ax", "ay", "abc", "ab"], 9)).toEqual([
      "ab",
      "abc",
      "ax",
      "ay",
      "xb",
      "xyz",
    ]);
  });

  it("are no more than asked for, in their own letters, whatever the case", () => {
    expect(nearestTexts("a40-8q", ["L40-8Q", "A40-8Q", "A16-8Q"], 1)).toEqual(["A40-8Q"]);
    expect(nearestTexts("A40-8Q", ["l40-8q", "a40-8q", "a16-8q"], 2)).toEqual(["a40-8q", "l40-8q"]);
    expect(nearestTexts("ab", [], 3)).toEqual([]);
  });
});
