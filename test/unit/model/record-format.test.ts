import { describe, expect, it } from "vitest";
import { isFormat, isKnownFormat, knownFormat } from "../../../provider/model/record-format.js";

describe("the number of a format", () => {
  it.each(["1", String(knownFormat)])("is known: %s", (text) => {
    expect([isFormat(text), isKnownFormat(text)]).toEqual([true, true]);
  });

  it.each([String(knownFormat + 1), "9999"])("is a newer version's: %s", (text) => {
    expect([isFormat(text), isKnownFormat(text)]).toEqual([true, false]);
  });

  it.each(["", "x", "1x", "x1", "12345", "-1", "1.5", " 1"])("is none: %j", (text) => {
    expect([isFormat(text), isKnownFormat(text)]).toEqual([false, false]);
  });
});
