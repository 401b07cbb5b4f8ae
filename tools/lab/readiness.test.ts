import { describe, expect, it } from "vitest";
import { labMissing } from "./readiness.js";

describe("labMissing", () => {
  it("finds nothing missing where programs and images are there", () => {
    expect(labMissing(undefined, { hasProgram: () => true, hasImage: () => true })).toBeUndefined();
  });

  it("asks for no other release than the ones named", () => {
    const parts = { hasProgram: () => true, hasImage: (name: string) => name === "bookworm" };
    expect(labMissing(["bookworm", "bookworm"], parts)).toBeUndefined();
    expect(labMissing(["trixie"], parts)).toContain("no whole image of Debian trixie)");
  });

  it("names what is missing, and what to run", () => {
    const parts = { hasProgram: (name: string) => name !== "zstd", hasImage: () => false };
    expect(labMissing(undefined, parts)).toBe(
      "The lab is not set up here (zstd not installed; no whole image of Debian bookworm, trixie). Next: npm run lab:setup",
    );
  });
});
