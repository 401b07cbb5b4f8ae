import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../../provider/model/facts.js";
import { unclaimedHostRefusal } from "../../../../provider/plan/identity/vgpu-host.js";
import { planVgpu } from "../../../../provider/plan/vgpu/plan-vgpu.js";
import { wrongHostRefusal } from "../../../../provider/resources/vgpu-state.js";
import { bootFiles, refusalTexts } from "../facts.js";
import { emptyWorld, factsOf } from "../vgpu-world.js";
import { vgpuOf } from "../vgpus.js";

const self = vgpuOf(1, "A40-8Q");
const free = factsOf(emptyWorld("mdev-on-vf"));
const ownedBy = (owner: string | null): HostFacts => ({ ...free, manifest: { ...free.manifest, owner } });
const planOn = (facts: HostFacts, changes: Partial<typeof self> = {}) =>
  planVgpu({ self: { ...self, ...changes }, declared: [self], bootFiles }, facts);

describe("a vGPU on the host of another stack", () => {
  it("is refused, and nothing is planned for it", () => {
    const plan = planOn(ownedBy("shop/prod/gpu-01"));
    expect(plan.steps).toEqual([]);
    expect(refusalTexts(plan)).toEqual([
      `VGPU_CLAIM_CONFLICT gpu-01 0000:3b:00.0 desk-1: another stack manages the host at this address
Saw: it is managed by shop/prod/gpu-01 (/etc/pulumi-vgpu/host)
Expected: a host that VgpuHost gpu-01 of shop/dev manages
Next: correct the connection of gpu-01, or declare the vGPU in that stack`,
    ]);
  });

  it.each([
    ["this stack", "shop/dev/other-name", {}],
    ["nobody yet", null, {}],
    [
      "this stack by the vGPU's former names",
      "shop/old/gpu-01",
      { former: { owner: "shop/old", name: "a" } },
    ],
    ["this stack by the host's former names", "shop/old/gpu-01", { formerHostStack: "shop/old" }],
  ])("is planned where %s has it", (_, owner, changes) => {
    expect(planOn(ownedBy(owner), changes).steps.map(({ kind }) => kind)).toEqual(["make-vgpu"]);
  });
});

describe("a vGPU that is to be made", () => {
  it("is refused on a host that nobody manages, with the line that manages it", () => {
    const refusal = unclaimedHostRefusal(self, ownedBy(null));
    expect(refusalTexts({ steps: [], refusals: refusal === null ? [] : [refusal] })).toEqual([
      `VGPU_PREREQUISITE gpu-01 0000:3b:00.0 desk-1: nobody manages the host at this address
Saw: no /etc/pulumi-vgpu/host
Expected: a host that VgpuHost gpu-01 of shop/dev manages
Next: run without --target and --exclude, or with --target '**VgpuHost::gpu-01' too`,
    ]);
    expect(unclaimedHostRefusal(self, free)).toBeNull();
  });

  it("is refused on another machine than the one that has it", () => {
    const { machineId } = free;
    expect(wrongHostRefusal(self, { machineId: "e".repeat(32) }, free)).toMatchObject({
      what: "another machine answers at this address",
    });
    for (const stored of [{}, { machineId }]) expect(wrongHostRefusal(self, stored, free)).toBeNull();
  });
});
