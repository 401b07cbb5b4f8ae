import { describe, expect, it } from "vitest";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, gpuAddress, hostFacts, refusalTexts } from "./facts.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { uuidOf, vgpuOf, vgpusOf, withForeign, withHolder, worldWith } from "./vgpus.js";

const empty = emptyWorld("mdev-on-vf");
const desk1 = vgpuOf(1, "A40-8Q");
const otherGpu = "0000:af:00.0";
const bothGpus = {
  ...empty,
  gpus: { ...empty.gpus, [otherGpu]: { vgpuInterface: "mdev-on-vf" as const, vfCount: 16, astray: {} } },
};

function textsOf(self: DesiredVgpu, world: World, declared: readonly DesiredVgpu[] = [self]): string[] {
  const plan = planVgpu({ self, declared, bootFiles }, factsOf(world));
  expect(plan.steps).toEqual([]);
  return refusalTexts(plan);
}

describe("planVgpu", () => {
  it("refuses a GPU that is not in the host", () => {
    expect(textsOf(vgpuOf(1, "A40-8Q", { carrier: otherGpu }), empty)).toEqual([
      `VGPU_NO_SUCH_GPU gpu-01 0000:af:00.0 desk-1: cannot make A40-8Q
Saw: NVIDIA GPUs at 0000:3b:00.0 (10de:2235)
Expected: a GPU at 0000:af:00.0
Next: declare the address of a physical function, as lspci -D prints it`,
    ]);
    expect(refusalTexts(planVgpu({ self: desk1, declared: [desk1], bootFiles }, hostFacts()))[0]).toContain(
      "Saw: no NVIDIA GPU in the host",
    );
  });

  it("refuses a type that the GPU does not offer, with the nearest ones that it does, whatever board the name is of", () => {
    expect(textsOf(vgpuOf(1, "A40-80Q"), empty)).toEqual([
      `VGPU_UNKNOWN_TYPE gpu-01 0000:3b:00.0 desk-1: the GPU offers no type A40-80Q
Saw: types A40-4Q, A40-4C, A40-8Q, A40-8C, A40-16Q, A40-16C, A40-48Q, A40-48C
Expected: one of the types that the host's driver offers on this GPU
Next: did you mean A40-8Q or A40-8C or A40-48Q?`,
    ]);
    expect(textsOf(vgpuOf(1, "L40S-8Q"), empty)[0]).toContain("Next: did you mean A40-8Q");
  });

  it("refuses to change a vGPU that a VM holds", () => {
    const world = withHolder(worldWith(empty, [desk1]), desk1.uuid);
    expect(textsOf(vgpuOf(1, "A40-4Q"), world)).toEqual([
      `VGPU_IN_USE gpu-01 0000:3b:00.0 desk-1: cannot remove desk-1 (NVIDIA A40-8Q, VM vm-1)
Saw: VM vm-1 (pid 4711) has its VFIO file open
Expected: no VM uses a vGPU that is changed or removed
Next: shut vm-1 down, run again`,
    ]);
  });

  it("refuses a size while a VM holds a vGPU of another size, whoever made it", () => {
    const world = withHolder(withForeign(empty, "8Q", { uuid: uuidOf(7) }), uuidOf(7), {
      pid: 0,
      domainName: "vm-7",
    });
    expect(textsOf(vgpuOf(1, "A40-4Q"), world)).toEqual([
      `VGPU_IN_USE gpu-01 0000:3b:00.0 desk-1: cannot remove ${uuidOf(7)} (NVIDIA A40-8Q, VM vm-7)
Saw: VM vm-7 has its VFIO file open
Expected: no VM uses a vGPU that is changed or removed
Next: shut vm-7 down, run again`,
    ]);
  });

  it("tells every VM that is in the way", () => {
    const declared = vgpusOf(empty, "8Q", { count: 3 });
    const one = withHolder(worldWith(empty, declared), uuidOf(1));
    const world = withHolder(one, uuidOf(3), { pid: 99, domainName: "vm-3" });
    const changed = vgpusOf(empty, "4Q", { count: 3 });
    const texts = textsOf(changed[1] ?? desk1, world, changed);
    expect(texts.map((text) => text.split("\n")[3])).toEqual([
      "Next: shut vm-1 down, run again",
      "Next: shut vm-3 down, run again",
    ]);
  });

  it("refuses a size beside a foreign vGPU of another size", () => {
    expect(textsOf(vgpuOf(1, "A40-4Q"), withForeign(empty, "8Q", { uuid: uuidOf(7) }))).toEqual([
      `VGPU_SIZE_CONFLICT gpu-01 0000:3b:00.0 desk-1: cannot make A40-4Q beside a vGPU of another size
Saw: ${uuidOf(7)} (NVIDIA A40-8Q) of 8192 MiB in equal-size mode; it is not ours
Expected: no vGPU on the GPU, or only of 4096 MiB
Next: choose another GPU or one size for all vGPUs of this GPU`,
    ]);
  });

  it.each<[string, Partial<DesiredVgpu>, string]>([
    ["another stack made", { owner: "shop/prod" }, "it is not ours"],
    ["the program protects or retains", { keep: true }, "the program protects or retains it"],
    ["the program declares of another size", {}, "the program declares it so"],
  ])("refuses a size beside a vGPU that %s", (_title, changes, whose) => {
    const sibling = vgpuOf(2, "A40-8Q", changes);
    const declared = [vgpuOf(1, "A40-4Q"), ...(changes.owner ? [] : [sibling])];
    expect(textsOf(vgpuOf(1, "A40-4Q"), worldWith(empty, [sibling]), declared)[0]).toContain(
      `Saw: desk-2 (NVIDIA A40-8Q) of 8192 MiB in equal-size mode; ${whose}`,
    );
  });

  it("says of a vGPU of another size that was there before us how it is declared only where it is declared so", () => {
    const there = worldWith(withForeign(empty, "8Q", { uuid: uuidOf(2) }), [vgpuOf(2, "A40-8Q")]);
    for (const beside of [[], [vgpuOf(2, "A40-4Q")]]) {
      expect(textsOf(vgpuOf(1, "A40-4Q"), there, [vgpuOf(1, "A40-4Q"), ...beside])).toEqual([
        `VGPU_SIZE_CONFLICT gpu-01 0000:3b:00.0 desk-1: cannot make A40-4Q beside a vGPU of another size
Saw: desk-2 (NVIDIA A40-8Q) of 8192 MiB in equal-size mode; it was there before us, and is left in place
Expected: no vGPU on the GPU, or only of 4096 MiB
Next: choose another GPU or types of its size; or remove that vGPU by hand if nobody needs it`,
      ]);
    }
    expect(textsOf(vgpuOf(1, "A40-4Q"), there, [vgpuOf(1, "A40-4Q"), vgpuOf(2, "A40-8Q")])[0]).toContain(
      "in equal-size mode; the program declares it so",
    );
  });

  it("knows a vGPU of another size as the program's after its stack was renamed", () => {
    const former = { owner: "shop/old", name: "desk-1" };
    const before = worldWith(empty, [vgpuOf(2, "A40-8Q", { owner: "shop/old" })]);
    const self = vgpuOf(1, "A40-4Q", { former });
    expect(textsOf(self, before, [self, vgpuOf(2, "A40-8Q")])[0]).toContain("; the program declares it so");
  });

  it("refuses to change the type of a vGPU that the program protects", () => {
    const world = worldWith(empty, [vgpuOf(1, "A40-8Q", { keep: true })]);
    for (const type of ["A40-4Q", "A40-8C"]) {
      expect(textsOf(vgpuOf(1, type, { keep: true }), world)).toEqual([
        `VGPU_PREREQUISITE gpu-01 0000:3b:00.0 desk-1: cannot make desk-1 (NVIDIA A40-8Q) anew as ${type}
Saw: the program protects or retains it
Expected: a vGPU that may be removed: its type never changes
Next: take protect or retainOnDelete away in a run of its own, then change type; or declare another uuid`,
      ]);
    }
  });

  it("refuses to change the type of a vGPU that was there before us", () => {
    const there = worldWith(withForeign(empty, "8Q", { uuid: uuidOf(1) }), [desk1]);
    expect(textsOf(vgpuOf(1, "A40-8C"), there)).toEqual([
      `VGPU_PREREQUISITE gpu-01 0000:3b:00.0 desk-1: cannot make desk-1 (NVIDIA A40-8Q) anew as A40-8C
Saw: it was there before us, and is left in place
Expected: a vGPU that may be removed: its type never changes
Next: declare the type that it has, or remove it by hand if nobody needs it; or declare another uuid`,
    ]);
  });

  it("refuses one more than the GPU holds", () => {
    const declared = vgpusOf(empty, "16Q", { count: 3 });
    const world = worldWith(empty, declared);
    const self = vgpuOf(4, "A40-16Q");
    expect(textsOf(self, world, [...declared, self])).toEqual([
      `VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-4: no room for another A40-16Q
Saw: 3 vGPUs live: desk-1 (NVIDIA A40-16Q), desk-2 (NVIDIA A40-16Q), desk-3 (NVIDIA A40-16Q)
Expected: at most 3 of this type on one GPU
Next: remove one of them, choose another GPU, or a smaller type for all`,
    ]);
  });

  it("refuses when no virtual function is free", () => {
    const gpu = { vgpuInterface: "mdev-on-vf" as const, vfCount: 4, astray: { 1: null, 2: "vfio-pci" } };
    const small = emptyWorld("mdev-on-vf", { gpus: { [gpuAddress]: gpu } });
    const declared = vgpusOf(small, "4Q", { count: 2 });
    const self = vgpuOf(3, "A40-4Q");
    expect(textsOf(self, worldWith(small, declared), [...declared, self])).toEqual([
      `VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-3: no free virtual function for A40-4Q
Saw: 4 virtual functions, 2 carry a vGPU, 1 without a driver, 0000:3b:00.6 bound to vfio-pci
Expected: a virtual function that is bound to the NVIDIA driver and carries no vGPU
Next: cycle the GPU's virtual functions when it is idle: sriov-manage -d, then -e`,
    ]);
  });

  it("refuses the UUID of a vGPU that is not ours and of another type or on another GPU", () => {
    const foreign = withForeign(empty, "8Q", { uuid: desk1.uuid });
    expect(textsOf(vgpuOf(1, "A40-8C"), foreign)).toEqual([
      `VGPU_FOREIGN gpu-01 0000:3b:00.0 desk-1: the vGPU ${uuidOf(1)} exists and is not ours
Saw: ${uuidOf(1)} (NVIDIA A40-8Q) on 0000:3b:02.3, made by nobody that the manifest knows
Expected: none with this UUID, or one of type A40-8C on 0000:3b:00.0
Next: declare another uuid, or remove that vGPU by hand if nobody needs it`,
    ]);
    const elsewhere = withForeign(bothGpus, "8Q", { uuid: desk1.uuid, gpu: otherGpu });
    expect(textsOf(desk1, elsewhere)[0]).toContain("(NVIDIA A40-8Q) on 0000:af:02.3, made by nobody");
    const others = worldWith(empty, [vgpuOf(1, "A40-8Q", { owner: "shop/prod" })]);
    expect(textsOf(desk1, others)[0]).toContain("on 0000:3b:00.4, made by shop/prod desk-1");
  });

  it("refuses to move a vGPU to another GPU while a VM holds it or the program keeps it", () => {
    const world = worldWith(bothGpus, [desk1]);
    expect(textsOf({ ...desk1, carrier: otherGpu }, withHolder(world, desk1.uuid))[0]).toContain(
      "VGPU_IN_USE gpu-01 0000:af:00.0 desk-1: cannot remove desk-1 (NVIDIA A40-8Q, VM vm-1)",
    );
    const kept = worldWith(bothGpus, [{ ...desk1, keep: true }]);
    expect(textsOf({ ...desk1, carrier: otherGpu }, kept)).toEqual([
      `VGPU_PREREQUISITE gpu-01 0000:af:00.0 desk-1: cannot move desk-1 (NVIDIA A40-8Q)
Saw: it is on 0000:3b:00.4, and the program protects or retains it
Expected: no vGPU ${uuidOf(1)} on another GPU
Next: take protect or retainOnDelete away in a run of its own, then move it; or declare another uuid`,
    ]);
  });
});

describe("planVgpuRemoval", () => {
  it("refuses while a VM holds the vGPU", () => {
    const world = withHolder(worldWith(empty, [desk1]), desk1.uuid);
    const plan = planVgpuRemoval(desk1, factsOf(world));
    expect(plan.steps).toEqual([]);
    expect(refusalTexts(plan)).toEqual([
      `VGPU_IN_USE gpu-01 0000:3b:00.0 desk-1: cannot remove desk-1 (NVIDIA A40-8Q, VM vm-1)
Saw: VM vm-1 (pid 4711) has its VFIO file open
Expected: no VM uses a vGPU that is changed or removed
Next: shut vm-1 down, run again`,
    ]);
  });
});
