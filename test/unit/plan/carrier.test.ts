import { describe, expect, it } from "vitest";
import type { GpuFacts } from "../../../provider/model/facts.js";
import { fullTypeName } from "../../../provider/plan/vgpu/carrier.js";
import { gpuFacts } from "./facts.js";

const offered = (name: string) => ({
  vgpuTypeId: 1,
  name,
  framebufferMiB: null,
  maxInstances: null,
  available: null,
});
const l40s = { deviceId: "10de:26b9", subsystemId: "10de:1851" };

describe("the name that a GPU gives a declared type", () => {
  const nameOn = (declared: string, gpu: Partial<GpuFacts>) =>
    fullTypeName(declared, gpuFacts({ driver: "nvidia", vgpuInterface: "vendor-vfio", ...gpu }));

  it("is that of the type which it offers, in whatever form it was declared", () => {
    const gpu = { offeredTypes: [offered("NVIDIA A40-4Q"), offered("NVIDIA A40-8Q")] };
    for (const declared of ["A40-8Q", "a40-8q", "NVIDIA A40-8Q", "GRID A40-8Q"])
      expect(nameOn(declared, gpu)).toBe("NVIDIA A40-8Q");
    expect(nameOn("A40-16Q", gpu)).toBeNull();
  });

  it("is one that no type can have only where it was declared letter by letter", () => {
    const gpu = { offeredTypes: [offered("NVIDIA Odd-8X")] };
    expect(nameOn("NVIDIA Odd-8X", gpu)).toBe("NVIDIA Odd-8X");
    expect(nameOn("Odd-8X", gpu)).toBeNull();
  });

  it("is the catalog's where the GPU does not tell all its types", () => {
    expect(nameOn("a40-8q", { allTypesKnown: false })).toBe("NVIDIA A40-8Q");
    expect(nameOn("a40-8q", { allTypesKnown: true })).toBeNull();
    expect(nameOn("L40S-8Q", { allTypesKnown: false })).toBeNull();
  });

  it("is made of the beginning of the board's names where the catalog has the short one alone", () => {
    expect(nameOn("l40s-8c", { ...l40s, allTypesKnown: false })).toBe("NVIDIA L40S-8C");
    const blackwell = { deviceId: "10de:2bb5", subsystemId: "10de:0000", allTypesKnown: false };
    expect(nameOn("DC-8C", blackwell)).toBe("NVIDIA RTX Pro 6000 Blackwell DC-8C");
  });
});
