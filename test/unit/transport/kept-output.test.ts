import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeptOutput } from "../../../provider/transport/command/kept-output.js";

describe("what is kept of an output", () => {
  it("is all of it up to both limits, and the two ends with what is missing beyond, however it comes in", () => {
    const chunks = fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 40 }), { maxLength: 20 });
    const property = fc.property(chunks, fc.nat(60), fc.nat(60), (texts, head, tail) => {
      const kept = new KeptOutput({ head, tail });
      for (const text of texts) kept.add(Buffer.from(text));
      const all = texts.join("");
      const missing = Math.max(0, all.length - head - tail);
      const end = tail === 0 ? "" : all.slice(-tail);
      const wanted = missing === 0 ? all : `${all.slice(0, head)}\n[${missing} bytes left out]\n${end}`;
      expect([kept.text(), kept.leftOut, kept.total]).toEqual([wanted, missing, all.length]);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
