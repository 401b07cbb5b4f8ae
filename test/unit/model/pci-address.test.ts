import { describe, expect, it } from "vitest";
import { parsePciAddress } from "../../../provider/model/pci-address.js";

describe("parsePciAddress", () => {
  it.each([
    ["0000:3b:00.0", "0000:3b:00.0"],
    ["00000000:3B:00.0", "0000:3b:00.0"],
    ["3b:00.0", "0000:3b:00.0"],
    [" 0001:C8:1f.7\n", "0001:c8:1f.7"],
    ["0010:3b:10.0", "0010:3b:10.0"],
    ["00010000:3b:00.0", "10000:3b:00.0"],
    ["10000:3b:00.0", "10000:3b:00.0"],
  ])("takes %j for %s", (text, address) => {
    expect(parsePciAddress(text)).toBe(address);
  });

  it.each([
    "",
    "3b:00",
    "000:3b:00.0",
    "000000000:3b:00.0",
    "0000:3b:00.8",
    "0000:3b:20.0",
    "0000:3bb:00.0",
    "x0000:3b:00.0",
    "0000:3b:00.0x",
    "0000:3b:00.00",
    "0000:3b:00_0",
    "virtfn0 0000:3b:00.0",
  ])("takes %j for none", (text) => {
    expect(parsePciAddress(text)).toBeUndefined();
  });
});
