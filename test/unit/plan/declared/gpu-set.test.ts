import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Board, findBoard } from "../../../../provider/catalog/boards.js";
import { vgpuTypes } from "../../../../provider/catalog/types.js";
import { checkGpuSet } from "../../../../provider/plan/declared/gpu-set.js";
import { briefOf, textsOf, vgpuOf, vgpusOf } from "./programs.js";

const boardOf = (deviceId: string): Board => findBoard({ deviceId }) ?? expect.fail(`no board ${deviceId}`);
const a40 = boardOf("10de:2235");
const repeat = (type: string, count: number) => Array.from({ length: count }, () => type);

describe("checkGpuSet", () => {
  it("accepts one size up to what the GPU holds, with mixed series", () => {
    expect(checkGpuSet(vgpusOf(...repeat("A40-8Q", 6)), a40)).toEqual([]);
    expect(
      checkGpuSet(vgpusOf(...repeat("A40-8Q", 3), ...repeat("A40-8A", 2), "NVIDIA A40-8C"), a40),
    ).toEqual([]);
    expect(checkGpuSet([], a40)).toEqual([]);
  });

  it("refuses a second size and names every claimant by size", () => {
    const refusals = checkGpuSet(vgpusOf("A40-8Q", "A40-4Q", "A40-8A"), null);
    expect(briefOf(refusals)).toEqual(["desk-1 VGPU_SIZE_CONFLICT type"]);
    expect(textsOf(refusals)).toEqual([
      `VGPU_SIZE_CONFLICT gpu-01 0000:3b:00.0: vGPUs of 2 framebuffer sizes are declared for one GPU in equal-size mode
Saw: 4096 MiB: desk-2 (A40-4Q); 8192 MiB: desk-1 (A40-8Q), desk-3 (A40-8A) (declared)
Expected: vGPUs of one framebuffer size on a GPU
Next: give all of them types of one size, or move some to another GPU`,
    ]);
  });

  it("takes a type of another size that the catalog does not have for a slip", () => {
    const [text] = textsOf(checkGpuSet(vgpusOf("A40-8Q", "A40-7Q"), null));
    expect(text).toMatch(/another GPU; the catalog has no A40-7Q: is A40-6Q or A40-8Q meant\?$/);
  });

  it("refuses more vGPUs than the GPU holds", () => {
    expect(textsOf(checkGpuSet(vgpusOf(...repeat("A40-24Q", 3)), null))).toEqual([
      `VGPU_CAPACITY gpu-01 0000:3b:00.0: 3 vGPUs are declared for a GPU that holds 2 of them
Saw: desk-1 (A40-24Q), desk-2 (A40-24Q), desk-3 (A40-24Q) (declared)
Expected: at most 2, the limit of A40-24Q (catalog)
Next: choose smaller types, or move some to another GPU`,
    ]);
  });

  it("holds mixed series of one size to the smallest of their limits", () => {
    expect(checkGpuSet(vgpusOf(...repeat("RTX8000P-4Q", 9)), null)).toEqual([]);
    expect(checkGpuSet(vgpusOf(...repeat("RTX8000P-4Q", 7), "RTX8000P-4C"), null)).toEqual([]);
    const [text] = textsOf(checkGpuSet(vgpusOf(...repeat("RTX8000P-4Q", 8), "RTX8000P-4C"), null));
    expect(text).toContain("Expected: at most 8, the limit of RTX8000P-4C (catalog)");
  });

  it("counts no type whose limit is not known", () => {
    expect(checkGpuSet(vgpusOf(...repeat("P40-24C", 5)), null)).toEqual([]);
    expect(checkGpuSet(vgpusOf(...repeat("X99-8Q", 100)), null)).toEqual([]);
  });

  it("refuses types of two boards on one GPU", () => {
    expect(textsOf(checkGpuSet(vgpusOf("A40-8Q", "T4-8Q", "A40-8Q"), null))).toEqual([
      `VGPU_UNKNOWN_TYPE gpu-01 0000:3b:00.0: vGPU types of different boards are declared for one GPU
Saw: desk-1 (A40-8Q), desk-3 (A40-8Q); desk-2 (T4-8Q) (declared)
Expected: types that begin with one board's name
Next: correct type, or gpu where another GPU is meant`,
    ]);
  });

  it("refuses a type of another board once the board is known, with the board's own of that shape", () => {
    expect(textsOf(checkGpuSet(vgpusOf("T4-8Q"), a40))).toEqual([
      `VGPU_UNKNOWN_TYPE gpu-01 0000:3b:00.0: the GPU is another board, NVIDIA A40
Saw: desk-1 (T4-8Q) (declared)
Expected: types of this board: A40-8Q (catalog)
Next: correct type, or gpu if another GPU is meant`,
    ]);
  });

  it("lets the host decide on a type or board the catalog does not know", () => {
    expect(checkGpuSet(vgpusOf("X99-8Q"), a40)).toEqual([]);
    expect(checkGpuSet(vgpusOf("A40-5Q"), a40)).toEqual([]);
    expect(checkGpuSet(vgpusOf("A100-4C"), boardOf("10de:20b0"))).toEqual([]);
  });

  it("refuses MIG-backed beside time-sliced vGPUs", () => {
    const [text, ...others] = textsOf(checkGpuSet(vgpusOf("DC-1-2Q", "DC-4Q"), boardOf("10de:2bb5")));
    expect(others).toEqual([]);
    expect(
      text,
    ).toBe(`VGPU_SIZE_CONFLICT gpu-01 0000:3b:00.0: MIG-backed and time-sliced vGPUs are declared for one GPU
Saw: MIG-backed: desk-1 (DC-1-2Q); time-sliced: desk-2 (DC-4Q) (declared)
Expected: either MIG-backed or time-sliced vGPUs on a GPU
Next: give all of them types of one kind, or move one kind to another GPU`);
  });

  it("binds MIG-backed vGPUs to no common size, only each type to its own limit", () => {
    expect(checkGpuSet(vgpusOf("DC-1-2Q", "DC-1-24Q"), null)).toEqual([]);
    expect(briefOf(checkGpuSet(vgpusOf(...repeat("DC-4-96Q", 2), "DC-1-24Q"), null))).toEqual([
      "desk-1 VGPU_CAPACITY type",
    ]);
  });

  it("leaves a name that is no type's to checkVgpu", () => {
    expect(checkGpuSet([...vgpusOf("A40-8Q"), vgpuOf({ resource: "desk-9", type: "A40-4" })], a40)).toEqual(
      [],
    );
  });

  const limited = vgpuTypes().filter((type) => !type.migBacked && type.maxInstancesPerGpu !== undefined);

  it("accepts exactly the limit of any type and refuses one more", () => {
    fc.assert(
      fc.property(fc.constantFrom(...limited), ({ shortName, maxInstancesPerGpu = 0 }) => {
        expect(checkGpuSet(vgpusOf(...repeat(shortName, maxInstancesPerGpu)), null)).toEqual([]);
        const refusals = checkGpuSet(vgpusOf(...repeat(shortName, maxInstancesPerGpu + 1)), null);
        expect(briefOf(refusals)).toEqual(["desk-1 VGPU_CAPACITY type"]);
      }),
    );
  });

  it("finds the same whatever the order of declaration, and each claimant in it", () => {
    const type = fc.constantFrom("A40-8Q", "A40-8A", "A40-4Q", "A40-24C", "T4-8Q", "DC-1-2Q", "X99-8Q");
    const set = fc.array(type, { maxLength: 12 }).chain((types) => {
      const vgpus = vgpusOf(...types);
      return fc.tuple(fc.constant(vgpus), fc.shuffledSubarray(vgpus, { minLength: vgpus.length }));
    });
    fc.assert(
      fc.property(set, ([vgpus, shuffled]) => {
        const refusals = checkGpuSet(vgpus, null);
        expect(checkGpuSet(shuffled, null)).toEqual(refusals);
        for (const { resource, parts } of refusals) expect(parts.saw).toContain(`${resource} (`);
      }),
    );
  });

  it("accepts a set only if its time-sliced vGPUs have one size", () => {
    const type = fc.constantFrom(...limited.filter((row) => row.shortName.startsWith("A40-")));
    fc.assert(
      fc.property(fc.array(type, { minLength: 1, maxLength: 5 }), (types) => {
        const sizes = new Set(types.map((row) => row.framebufferMiB));
        const codes = checkGpuSet(vgpusOf(...types.map((row) => row.shortName)), a40).map(
          ({ parts }) => parts.code,
        );
        expect(codes.includes("VGPU_SIZE_CONFLICT")).toBe(sizes.size > 1);
      }),
    );
  });
});
