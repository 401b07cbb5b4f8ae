import { describe, expect, it } from "vitest";
import type { GpuFacts, HostFacts } from "../../../provider/model/facts.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, refusalTexts, stepTexts } from "./facts.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { uuidOf, vgpuOf, vgpusOf, worldWith } from "./vgpus.js";

/** An A40 with idle vGPUs of ours, of one type. */
function worldOf(type: string, count: number, changes: Partial<World> = {}): World {
  const empty = emptyWorld("vendor-vfio");
  return { ...worldWith(empty, vgpusOf(empty, type, { count })), ...changes };
}

function withGpu(facts: HostFacts, change: (gpu: GpuFacts) => Partial<GpuFacts>): HostFacts {
  return { ...facts, gpus: facts.gpus.map((gpu) => ({ ...gpu, ...change(gpu) })) };
}

/** The plan of the first of these vGPUs. */
function planOf(type: string, count: number, facts: HostFacts) {
  const declared = Array.from({ length: count }, (_, index) => vgpuOf(index + 1, type));
  const [self = vgpuOf(1, type)] = declared;
  return planVgpu({ self, declared, bootFiles }, facts);
}

function refusedText(type: string, count: number, facts: HostFacts): string {
  const plan = planOf(type, count, facts);
  expect(plan.steps).toEqual([]);
  return refusalTexts(plan).join("\n\n");
}

describe("what idle vGPUs are retired for", () => {
  it("is never a type that the GPU does not offer, whether nvidia-smi names its types or not", () => {
    expect(refusedText("A40-3Q", 4, factsOf(worldOf("4Q", 4)))).toBe(
      `VGPU_UNKNOWN_TYPE gpu-01 0000:3b:00.0 desk-1: the GPU offers no type A40-3Q
Saw: types A40-4Q, A40-4C, A40-8Q, A40-8C, A40-16Q, A40-16C, A40-48Q, A40-48C
Expected: one of the types that the host's driver offers on this GPU
Next: did you mean A40-4Q or A40-8Q or A40-4C?`,
    );
    expect(refusedText("A40-5Q", 4, factsOf(worldOf("4Q", 4, { hasSmi: false })))).toContain(
      "Saw: types A40-4Q, A40-4C (those that there is room for beside the vGPUs that are there: nvidia-smi vgpu -s does not say the others)",
    );
  });

  it("is a type that the catalog has for this very board, where nvidia-smi does not answer", () => {
    const facts = factsOf(worldOf("4Q", 12, { hasSmi: false }));
    expect(stepTexts(planOf("A40-8Q", 6, facts)).at(-1)).toBe(
      "make-vgpu gpu-01 desk-1: it does not exist as declared",
    );
    expect(refusedText("L40S-8Q", 6, facts)).toContain("VGPU_UNKNOWN_TYPE");
    const unknownBoard = withGpu(facts, () => ({ deviceId: "10de:ffff" }));
    expect(refusedText("A40-8Q", 6, unknownBoard)).toContain("VGPU_UNKNOWN_TYPE");
  });

  it("is not a type of the catalog that nvidia-smi does not name", () => {
    const without = withGpu(factsOf(worldOf("4Q", 4)), ({ offeredTypes }) => ({
      offeredTypes: offeredTypes.filter(({ name }) => name !== "NVIDIA A40-8Q"),
    }));
    expect(refusedText("A40-8Q", 2, without)).toContain("VGPU_UNKNOWN_TYPE");
  });

  it.each(["my type is A40-8Q", "A40- 8Q", "8Q", "NVIDIA  A40-8Q"])("is not %j, which is no name", (type) => {
    for (const hasSmi of [true, false])
      expect(refusedText(type, 1, factsOf(worldOf("4Q", 1, { hasSmi })))).toContain("VGPU_UNKNOWN_TYPE");
  });

  it("is never more than the GPU holds, and an empty GPU is not filled with a part of it either", () => {
    expect(refusedText("A40-8Q", 7, factsOf(emptyWorld("vendor-vfio")))).toContain("VGPU_CAPACITY");
    expect(refusedText("A40-8Q", 7, factsOf(worldOf("4Q", 12)))).toBe(
      `VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-1: no room for another A40-8Q
Saw: 0 vGPUs live: none; declared beside them: desk-1, desk-2, desk-3, desk-4, desk-5, desk-6, desk-7
Expected: at most 6 of this type on one GPU
Next: remove one of them, choose another GPU, or a smaller type for all`,
    );
  });

  it("is never more than there are functions for", () => {
    const facts = withGpu(factsOf(worldOf("8Q", 2)), ({ virtualFunctions }) => ({
      virtualFunctions: virtualFunctions.map((vf) => ({
        ...vf,
        driver: vf.vfIndex < 3 ? "nvidia" : "vfio-pci",
      })),
    }));
    expect(planOf("A40-4Q", 3, facts).refusals).toEqual([]);
    expect(refusedText("A40-4Q", 4, facts)).toContain(
      "VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-1: no free virtual function for A40-4Q",
    );
  });

  it("is never a type of which nobody says how many there is room for, unless it is one alone", () => {
    const facts = withGpu(factsOf(worldOf("4Q", 4)), ({ offeredTypes }) => ({
      offeredTypes: [
        ...offeredTypes,
        { vgpuTypeId: 999, name: "NVIDIA A40-7Q", framebufferMiB: 7168, maxInstances: null, available: 0 },
      ],
    }));
    expect(refusedText("A40-7Q", 2, facts)).toBe(
      `VGPU_PREREQUISITE gpu-01 0000:3b:00.0 desk-1: nothing is retired for A40-7Q: nobody says how much room it takes
Saw: no framebuffer size or number of instances of NVIDIA A40-7Q, from the host or in the catalog
Expected: both, before vGPUs that are in its way go
Next: see why nvidia-smi vgpu -s -v -i 0000:3b:00.0 does not say it; or remove what is in the way by hand`,
    );
    expect(planOf("A40-7Q", 1, facts).refusals).toEqual([]);
  });

  it("is never a type that the GPU takes none of although nothing is on it", () => {
    const facts = withGpu(factsOf(emptyWorld("mdev-on-vf")), ({ offeredTypes }) => ({
      offeredTypes: offeredTypes.map((type) => ({ ...type, available: 0 })),
    }));
    expect(refusedText("A40-8Q", 1, facts)).toBe(
      `VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-1: the GPU takes no A40-8Q now
Saw: no instance of NVIDIA A40-8Q is available; live: none
Expected: an available instance of the type (available_instances, creatable_vgpu_types)
Next: look at the GPU's MIG mode and its GPU instances: nvidia-smi -q, nvidia-smi mig -lgi`,
    );
  });
});

describe("MIG-backed vGPUs", () => {
  const migTypes = [
    { vgpuTypeId: 474, name: "NVIDIA A100-4C", framebufferMiB: 4096, maxInstances: 10, available: 0 },
    { vgpuTypeId: 475, name: "NVIDIA A100-1-5C", framebufferMiB: 5120, maxInstances: 7, available: 1 },
    { vgpuTypeId: 476, name: "NVIDIA A100-2-10C", framebufferMiB: 10240, maxInstances: 3, available: 0 },
  ];
  const live = (number: number, name: string) => ({
    mdevUuid: null,
    parent: `0000:3b:00.${3 + number}`,
    vgpuTypeId: migTypes.find((type) => type.name === name)?.vgpuTypeId ?? 0,
    typeName: name,
    holders: [],
  });
  const record = (number: number, typeName: string) => ({
    uuid: uuidOf(number),
    state: "done" as const,
    owner: "shop/dev",
    name: `desk-${number}`,
    carrier: "0000:3b:00.0",
    parent: `0000:3b:00.${3 + number}`,
    typeName,
    keep: false,
    adopted: false,
  });
  function migFacts(names: readonly string[], available: Readonly<Record<string, number>> = {}): HostFacts {
    const facts = withGpu(factsOf(emptyWorld("vendor-vfio")), () => ({
      offeredTypes: migTypes.map((type) => ({ ...type, available: available[type.name] ?? type.available })),
      vgpus: names.map((name, index) => live(index + 1, name)),
    }));
    const vgpus = names.map((name, index) => record(index + 1, name));
    return { ...facts, manifest: { ...facts.manifest, vgpus } };
  }

  it("never go for time-sliced ones, nor these for them: the MIG mode is the operator's", () => {
    expect(refusedText("A100-4C", 1, migFacts(["NVIDIA A100-1-5C"]))).toBe(
      `VGPU_SIZE_CONFLICT gpu-01 0000:3b:00.0 desk-1: cannot make A100-4C, which is time-sliced, on a GPU with MIG-backed vGPUs
Saw: desk-1 (NVIDIA A100-1-5C) on 0000:3b:00.4: the GPU's MIG mode is on
Expected: a GPU whose MIG mode is off
Next: remove the MIG-backed vGPUs, turn the MIG mode off by hand, run again; or choose a MIG-backed type`,
    );
    expect(refusedText("A100-1-5C", 1, migFacts(["NVIDIA A100-4C"]))).toContain(
      "cannot make A100-1-5C, which is MIG-backed, on a GPU with time-sliced vGPUs\nSaw: desk-1 (NVIDIA A100-4C) on 0000:3b:00.4: the GPU's MIG mode is off",
    );
  });

  it("stand beside others of another size, where an instance is left", () => {
    const facts = migFacts(["NVIDIA A100-1-5C"], { "NVIDIA A100-2-10C": 1 });
    const declared = [vgpuOf(1, "A100-1-5C"), vgpuOf(2, "A100-2-10C")];
    const self = vgpuOf(2, "A100-2-10C");
    expect(stepTexts(planVgpu({ self, declared, bootFiles }, facts))).toEqual([
      "make-vgpu gpu-01 desk-2: it does not exist as declared",
    ]);
    const full = migFacts(["NVIDIA A100-1-5C"]);
    expect(refusalTexts(planVgpu({ self, declared, bootFiles }, full))[0]).toContain(
      "VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-2: the GPU takes no A100-2-10C now\nSaw: no instance of NVIDIA A100-2-10C is available; live: desk-1 (NVIDIA A100-1-5C)",
    );
  });

  it("are not made anew in another shape while a VM has them", () => {
    const facts = migFacts(["NVIDIA A100-1-5C"], { "NVIDIA A100-2-10C": 1 });
    expect(stepTexts(planOf("A100-2-10C", 1, facts)).map((text) => text.split(" ")[0])).toEqual([
      "retire-vgpu",
      "make-vgpu",
    ]);
    const holders = [{ pid: 4711, domainName: "vm-1" }];
    const used = withGpu(facts, ({ vgpus }) => ({ vgpus: vgpus.map((vgpu) => ({ ...vgpu, holders })) }));
    expect(refusedText("A100-2-10C", 1, used)).toContain("VGPU_IN_USE");
  });

  it("never go for one of another type, nor while they are wanted", () => {
    const one = migFacts(["NVIDIA A100-1-5C"], { "NVIDIA A100-1-5C": 0 });
    const codesOf = (type: string, declared: readonly ReturnType<typeof vgpuOf>[]) =>
      planVgpu({ self: vgpuOf(3, type), declared: [...declared, vgpuOf(3, type)], bootFiles }, one).refusals;
    expect(codesOf("A100-2-10C", [])).toMatchObject([{ code: "VGPU_CAPACITY" }]);
    expect(codesOf("A100-1-5C", [vgpuOf(1, "A100-1-5C")])).toMatchObject([{ code: "VGPU_CAPACITY" }]);
  });

  it("need a function each", () => {
    const facts = withGpu(
      migFacts(["NVIDIA A100-1-5C"], { "NVIDIA A100-1-5C": 1 }),
      ({ virtualFunctions }) => ({ virtualFunctions: virtualFunctions.slice(0, 1) }),
    );
    const [self, declared] = [vgpuOf(2, "A100-1-5C"), [vgpuOf(1, "A100-1-5C"), vgpuOf(2, "A100-1-5C")]];
    expect(refusalTexts(planVgpu({ self, declared, bootFiles }, facts))[0]).toContain(
      "no free virtual function for A100-1-5C",
    );
  });

  it("go for one of their own type that is no longer wanted, one for one", () => {
    const facts = migFacts(["NVIDIA A100-1-5C", "NVIDIA A100-1-5C"], { "NVIDIA A100-1-5C": 0 });
    const self = vgpuOf(3, "A100-1-5C");
    expect(stepTexts(planVgpu({ self, declared: [self], bootFiles }, facts))).toEqual([
      "retire-vgpu gpu-01 desk-1: it is idle and the program no longer wants it as NVIDIA A100-1-5C",
      "make-vgpu gpu-01 desk-3: it does not exist as declared",
    ]);
  });
});
