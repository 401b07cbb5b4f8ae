import { describe, expect, it } from "vitest";
import { sources, sourceTexts } from "../../../provider/catalog/sources.js";

describe("sources", () => {
  it("each have a code of their own and a text", () => {
    expect(new Set(sources().map(({ code }) => code)).size).toBe(sources().length);
    expect(sources().length).toBeGreaterThan(10);
    for (const { code, text } of sources()) expect(text.length, code).toBeGreaterThan(code.length);
  });
});

describe("sourceTexts", () => {
  it("are those of the codes, in their order, and the code itself where it is not known", () => {
    const [first, second] = sources();
    expect(sourceTexts([second?.code ?? "", "X99", first?.code ?? ""])).toEqual([
      second?.text,
      "X99",
      first?.text,
    ]);
    expect(sourceTexts([])).toEqual([]);
  });
});
