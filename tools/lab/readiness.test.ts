import { describe, expect, it } from "vitest";
import { labMissing } from "./readiness.js";

describe("labMissing", () => {
  it("finds nothing missing where programs and images are there", () => {
    expect(labMissing({ hasProgram: () => true, hasImage: () => true })).toBeUndefined();
  });

  it("names what is missing, and what to run", () => {
    const parts = { hasProgram: (name: string) => name !== "zstd", hasImage: () => false };
    expect(labMissing(parts)).toBe(
      "The lab is not set up here (zstd not installed; no image of Debian bookworm, trixie). Next: npm run lab:setup",
    );
  });
});
