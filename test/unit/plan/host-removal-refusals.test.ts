import { describe, expect, it } from "vitest";
import { planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuAddress, refusalTexts } from "./facts.js";
import { finishedHost, withVgpu } from "./finished-host.js";
import { afterRun, emptyParent, mdevOf, parentFacts, withOther } from "./parent-world.js";
import { owner, uuidOf } from "./vgpus.js";

describe("planHostRemoval", () => {
  it("refuses to reboot under a VM that has no vGPU", () => {
    const facts = { ...finishedHost(), runningVms: ["build-7"] };
    const plan = planHostRemoval(desiredHost(), facts);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals.map((parts) => [parts.code, parts.saw])).toEqual([
      ["VGPU_IN_USE", "VMs build-7; nouveau ran before us"],
    ]);
  });

  it("refuses while vGPUs are on the GPUs that it would take away", () => {
    const facts = { ...finishedHost(), gpus: [withVgpu] };
    expect(refusalTexts(planHostRemoval(desiredHost(), facts))).toEqual([
      `VGPU_IN_USE gpu-01: cannot take the host's vGPU set-up away
Saw: 1 vGPU exists: NVIDIA A40-8Q on 0000:3b:00.0 (11111111-2222-3333-4444-555555555555) used by desk-1
Expected: no vGPU on the GPUs that this resource manages
Next: shut their VMs down and remove these vGPUs first; those of other stacks belong to their owners`,
    ]);
  });

  it("refuses while only its boot unit brings an mdev back, whoever's it is", () => {
    const kept = afterRun(emptyParent(24), [mdevOf(1, "mtty-2", { owner: "shop/prod" })]);
    const other = withOther(kept, uuidOf(7, "f"), "mtty-1");
    const desired = desiredHost({ owner: `${owner}/kvm-01`, driver: null, gpus: {} });
    expect(refusalTexts(planHostRemoval(desired, parentFacts(other)))).toEqual([
      `VGPU_IN_USE gpu-01: cannot take the host's vGPU set-up away
Saw: 1 vGPU exists: mtty-2 on mtty (${uuidOf(1)})
Expected: no mdev that only its boot unit brings back after a reboot
Next: shut their VMs down and remove these vGPUs first; those of other stacks belong to their owners`,
    ]);
  });

  it("refuses while vGPUs are on a legacy GPU, which has no functions, under the driver that it takes away", () => {
    const [vgpu] = withVgpu.vgpus;
    if (vgpu === undefined) throw new Error("no vGPU");
    const second = { ...vgpu, mdevUuid: uuidOf(2), holders: [], typeName: null };
    const users = ["a", "b"].map((domainName, pid) => ({ pid, domainName }));
    const vgpus = [{ ...vgpu, holders: users }, second];
    const legacy = { ...withVgpu, totalVfs: 0, vgpuInterface: "mdev-on-pf", vgpus } as const;
    const facts = finishedHost();
    const plan = planHostRemoval(desiredHost(), {
      ...facts,
      gpus: [legacy],
      manifest: { ...facts.manifest, gpus: {} },
    });
    expect(plan.steps).toEqual([]);
    expect(plan.refusals[0]?.saw).toBe(
      `2 vGPUs exist: NVIDIA A40-8Q on 0000:3b:00.0 (11111111-2222-3333-4444-555555555555) used by a, b; 562 on 0000:3b:00.0 (${uuidOf(2)})`,
    );
  });

  it("leaves a host of others to them, whatever is on it", () => {
    const facts = finishedHost();
    const others = { ...facts, gpus: [withVgpu], manifest: { ...facts.manifest, owner: "shop/prod/gpu-01" } };
    expect(planHostRemoval(desiredHost(), others)).toEqual({ steps: [], refusals: [] });
  });

  it("does not mind an mdev that no boot unit of ours brings back", () => {
    const shop = { owner: "shop/prod" };
    const kept = afterRun(emptyParent(24), [mdevOf(1, "mtty-2", shop), mdevOf(2, "mtty-1", shop)]);
    const desired = desiredHost({ owner: `${owner}/kvm-01`, driver: null, gpus: {} });
    const [withUnit, without] = [true, false].map((bootUnit) =>
      planHostRemoval(desired, parentFacts({ ...kept, bootUnit })),
    );
    expect(withUnit?.refusals[0]?.saw).toContain("2 vGPUs exist");
    expect(without?.refusals).toEqual([]);
    const facts = parentFacts(kept);
    const both = {
      ...facts,
      gpus: [withVgpu],
      manifest: { ...facts.manifest, gpus: { [gpuAddress]: { vfs: 32 } } },
    };
    expect(planHostRemoval(desired, both).refusals[0]?.expected).toBe(
      "no vGPU on the GPUs that this resource manages",
    );
  });

  it("does not mind vGPUs on a GPU that we never touched, under a driver that is not ours", () => {
    const facts = finishedHost();
    const other = { ...facts, gpus: [withVgpu], manifest: { ...facts.manifest, driver: null, gpus: {} } };
    expect(planHostRemoval(desiredHost(), other).refusals).toEqual([]);
  });
});
