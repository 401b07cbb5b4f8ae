import { describe, expect, it } from "vitest";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, gpuAddress, refusalTexts, stepTexts } from "./facts.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { vgpuOf, withForeign, worldWith } from "./vgpus.js";

type Declared = readonly (readonly [number: number, type: string])[];

/** The plan of the first of these vGPUs. */
function planOf(world: World, declared: Declared) {
  const all = declared.map(([number, type]) => vgpuOf(number, `A40-${type}`));
  const [self = vgpuOf(1, "A40-16Q")] = all;
  return planVgpu({ self, declared: all, bootFiles }, factsOf(world));
}

const kindsOf = (world: World, declared: Declared) =>
  stepTexts(planOf(world, declared)).map((text) => text.split(":")[0]);

describe("a vGPU that is made anew beside one that is not ours", () => {
  const withFunctions = (vfCount: number) => {
    const gpus = { [gpuAddress]: { vgpuInterface: "vendor-vfio" as const, vfCount, astray: {} } };
    return emptyWorld("vendor-vfio", { gpus });
  };
  const beside = (vfCount: number) =>
    withForeign(worldWith(withFunctions(vfCount), [vgpuOf(1, "A40-16Q")]), "16Q");

  it("goes only where all that is declared finds a function then", () => {
    const declared: Declared = [
      [1, "16C"],
      [2, "16C"],
    ];
    const plan = planOf(beside(2), declared);
    expect(plan.steps).toEqual([]);
    expect(refusalTexts(plan)[0]).toContain(
      "VGPU_CAPACITY gpu-01 0000:3b:00.0 desk-1: no free virtual function for A40-16C",
    );
    expect(kindsOf(beside(3), declared)).toEqual(["retire-vgpu gpu-01 desk-1", "make-vgpu gpu-01 desk-1"]);
  });

  it("counts no declared one that is there for another's", () => {
    const two = worldWith(withFunctions(2), [vgpuOf(1, "A40-16Q"), vgpuOf(2, "A40-16Q")]);
    expect(
      kindsOf(two, [
        [1, "16C"],
        [2, "16Q"],
      ]),
    ).toEqual(["retire-vgpu gpu-01 desk-1", "make-vgpu gpu-01 desk-1"]);
  });
});

describe("an idle vGPU of ours on a GPU that is full", () => {
  const idle = worldWith(emptyWorld("mdev-on-vf"), [vgpuOf(9, "A40-16Q")]);
  const full = withForeign(withForeign(idle, "16Q"), "16Q");

  it("goes only where what stays leaves room for all that is declared", () => {
    const plan = planOf(full, [
      [1, "16Q"],
      [2, "16Q"],
    ]);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals).toMatchObject([{ code: "VGPU_CAPACITY" }]);
    expect(kindsOf(full, [[1, "16Q"]])).toEqual(["retire-vgpu gpu-01 desk-9", "make-vgpu gpu-01 desk-1"]);
  });
});

describe("a type of which nobody says how many there is room for", () => {
  it("is made where nothing has to go for it", () => {
    const facts = factsOf(emptyWorld("vendor-vfio"));
    const odd = { vgpuTypeId: 999, name: "NVIDIA A40-7Q", framebufferMiB: 7168, maxInstances: null };
    const gpus = facts.gpus.map((gpu) => ({
      ...gpu,
      offeredTypes: [...gpu.offeredTypes, { ...odd, available: 1 }],
    }));
    const declared = [vgpuOf(1, "A40-7Q"), vgpuOf(2, "A40-7Q")];
    const plan = planVgpu({ self: vgpuOf(1, "A40-7Q"), declared, bootFiles }, { ...facts, gpus });
    expect(plan.refusals).toEqual([]);
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["make-vgpu"]);
  });
});
