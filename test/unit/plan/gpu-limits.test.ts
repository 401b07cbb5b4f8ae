import { describe, expect, it } from "vitest";
import type { OfferedType } from "../../../provider/model/facts.js";
import {
  availableOf,
  framebufferOf,
  isMigBacked,
  maxInstancesOf,
} from "../../../provider/plan/vgpu/gpu-limits.js";
import { gpuFacts } from "./facts.js";

const type = (name: string, said: Partial<OfferedType> = {}): OfferedType => ({
  vgpuTypeId: 1,
  name,
  framebufferMiB: null,
  maxInstances: null,
  available: null,
  ...said,
});
const gpu = gpuFacts({
  offeredTypes: [
    type("NVIDIA A40-4Q", { framebufferMiB: 1, maxInstances: 2, available: 3 }),
    type("NVIDIA A40-8Q", { framebufferMiB: 7777, maxInstances: 5, available: 4 }),
    type("NVIDIA A40-16Q"),
  ],
});

describe("what a type reserves, and how many of it there are", () => {
  it("is what the host says of it, in whatever form it is named", () => {
    for (const name of ["NVIDIA A40-8Q", "a40-8q"])
      expect([framebufferOf(name, gpu), maxInstancesOf(name, gpu), availableOf(name, gpu)]).toEqual([
        7777, 5, 4,
      ]);
  });

  it("is what the catalog says where the host does not", () => {
    expect(framebufferOf("NVIDIA A40-16Q", gpu)).toBe(16384);
    expect(maxInstancesOf("NVIDIA A40-16Q", gpu)).toBe(3);
    expect([framebufferOf("A40-24Q", gpu), maxInstancesOf("A40-24Q", gpu)]).toEqual([24576, 2]);
    expect([availableOf("NVIDIA A40-16Q", gpu), availableOf("A40-24Q", gpu)]).toEqual([null, null]);
  });

  it("is what its name says where nobody else does, or unknown", () => {
    expect([framebufferOf("X99-8Q", gpu), maxInstancesOf("X99-8Q", gpu)]).toEqual([8192, null]);
    expect([framebufferOf("X99", gpu), maxInstancesOf("X99", gpu)]).toEqual([null, null]);
  });
});

describe("a MIG-backed type", () => {
  it("is one by its name", () => {
    expect(["A100-1-5C", "NVIDIA A100-1-5C", "A100-5C", "A100", ""].map(isMigBacked)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
