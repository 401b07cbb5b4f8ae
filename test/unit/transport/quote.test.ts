import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shellQuote } from "../../../provider/transport/link/quote.js";

describe("shellQuote", () => {
  it("gives the shell back any text, unchanged", () => {
    const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"));
    const nasty = fc.string({
      unit: fc.constantFrom("'", '"', "\\", "$", "`", "\n", " ", "!", "*", "~", "-", "\u00e9"),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(text, nasty), { minLength: 1, maxLength: 30 }), (values) => {
        const command = `printf '%s\\0' ${values.map(shellQuote).join(" ")}`;
        const printed = execFileSync("/bin/sh", ["-c", command]).toString("utf8");
        expect(printed).toBe(`${values.join("\0")}\0`);
      }),
      { numRuns: 40 },
    );
  });

  it("refuses a NUL character, which no argument can hold", () => {
    expect(() => shellQuote("a\0b")).toThrow(/NUL/);
  });
});
