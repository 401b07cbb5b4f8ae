import { describe, expect, it } from "vitest";
import { bounded, shownLine, shownLines, withoutCommands } from "../../../provider/model/shown.js";

describe("shownLine", () => {
  it.each([
    ["\u0000", "\\x00", "a control character"],
    ["\u001b", "\\x1b", "what begins a terminal's command"],
    ["\u007f", "\\x7f", "the last control character of ASCII"],
    ["\u009b", "\\x9b", "the same in one byte"],
    ["\n", "\\n", "a line end"],
    ["\t", "\\t", "a tabulator"],
    ["\r", "\\x0d", "a return to the line's beginning"],
    ["\u00ad", "\\xad", "a hyphen that is not shown"],
    ["\u200b", "\\u200b", "a space without width"],
    ["\u202e", "\\u202e", "what turns the reading direction"],
    ["\u2028", "\\u2028", "a line separator"],
    ["\u2029", "\\u2029", "a paragraph separator"],
    ["\ud800", "\\ud800", "half a character"],
    ["\ue000", "\\ue000", "a character of private use"],
    ["\u00a0", "\\xa0", "a blank that is no space"],
    ["\u3000", "\\u3000", "a wide blank"],
    ["\u2800", "\\u2800", "a Braille pattern without a dot"],
    ["\u3164", "\\u3164", "a letter that is drawn as nothing"],
    ["\ufe00", "\\ufe00", "a variation selector of no sign here"],
    ["\ufe0e", "\\ufe0e", "one of signs that follows none"],
    ["\ufe0f", "\\ufe0f", "the other of signs that follows none"],
    ["\u{e0041}", "\\u{e0041}", "a tag"],
    ["\u{100000}", "\\u{100000}", "the last plane's private use"],
  ])("shows %j as %s: %s", (character, shown) => {
    expect(shownLine(`a${character}b${character}`)).toBe(`a${shown}b${shown}`);
  });

  it.each(["", "a b", "ÿĀ", "Grüße, 日本語, עברית", "e\u0301", "\u2699\ufe0f \u2699\ufe0e \u{1f600}"])(
    "leaves %j as it is",
    (text) => {
      expect(shownLine(text)).toBe(text);
    },
  );

  it("shows what Pulumi's display would take for a command", () => {
    expect(shownLine("a <{%reset%}> <{%")).toBe("a <\\x7b%reset%}> <\\x7b%");
    expect(withoutCommands("<{%a\n<{%")).toBe("<\\x7b%a\n<\\x7b%");
    expect(withoutCommands("< {% <{ %}>")).toBe("< {% <{ %}>");
  });
});

describe("shownLines", () => {
  it.each([
    ["", ""],
    ["one", "one"],
    ["one\ntwo", "one\n  two"],
    ["one\r\ntwo\rthree", "one\n  two\\x0dthree"],
    ["  one\n  two\n   three\n four", "  one\n  two\n   three\n   four"],
    ["one\n", "one\n  "],
    ["\u202eone\n\ttwo", "\\u202eone\n  \\ttwo"],
  ])("keeps the lines of %j, and indents those after the first", (text, shown) => {
    expect(shownLines(text)).toBe(shown);
  });
});

describe("bounded", () => {
  it.each([
    ["abcdefghij", 10, "abcdefghij"],
    ["abcdefghijk", 10, "abcdef […1 characters left out…] hijk"],
    ["abcdefghijkl", 5, "abc […7 characters left out…] kl"],
    ["", 10, ""],
  ])("leaves of %j its beginning and its end: %i characters", (text, most, left) => {
    expect(bounded(text, most)).toBe(left);
  });
});
