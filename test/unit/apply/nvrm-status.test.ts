import { describe, expect, it } from "vitest";
import { refusalMeaning } from "../../../provider/apply/nvrm-status.js";

const refused = (code: string) => `NVRM: kvgpumgr: Failed to add vgpu create request: ${code}\n`;

describe("refusalMeaning", () => {
  it.each([
    ["0x38", /carries a vGPU already, or MIG is off/],
    ["0x56", /another framebuffer size/],
    ["0x1a", /is full for this type/],
    ["0x1A", /^NVRM's 0x1a means/],
    ["0x57", /knows no such type/],
    ["0x66", /not ready yet/],
  ])("explains %s", (code, meaning) => {
    expect(refusalMeaning(refused(code))).toMatch(meaning);
  });

  it("goes by the last refusal of a log", () => {
    expect(refusalMeaning(refused("0x1a") + refused("0x56"))).toMatch(/^NVRM's 0x56/);
  });

  it("explains nothing that it does not know, and no number of another message", () => {
    expect(refusalMeaning(refused("0x99"))).toBeNull();
    expect(refusalMeaning("NVRM: Xid 0x38")).toBeNull();
    expect(refusalMeaning("")).toBeNull();
  });
});
