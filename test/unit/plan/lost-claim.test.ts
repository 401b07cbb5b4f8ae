import { describe, expect, it } from "vitest";
import type { HostFacts, VgpuRecord } from "../../../provider/model/facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuAddress, hostFacts, managerVersion, refusalTexts } from "./facts.js";

const managerRecord = { state: "done", version: managerVersion, bootId: "b" } as const;

function recordOf(owner: string): VgpuRecord {
  return {
    ...{ uuid: "11111111-0000-4000-8000-000000000001", state: "done", owner, name: "a", carrier: gpuAddress },
    ...{ parent: gpuAddress, typeName: "NVIDIA A40-8Q", keep: false, adopted: false },
  };
}

describe("a lost claim", () => {
  const conflicts = (manifest: Partial<HostFacts["manifest"]>, desired: Partial<DesiredHost> = {}) =>
    planHost(desiredHost({ driver: null, gpus: {}, ...desired }), hostFacts({ manifest })).refusals.filter(
      ({ code }) => code === "VGPU_CLAIM_CONFLICT",
    ).length;
  const others = [recordOf("shop/prod")];

  it("is another stack's where a driver, its block or virtual functions are noted beside that stack's vGPUs", () => {
    expect(conflicts({ driver: managerRecord, vgpus: others })).toBe(1);
    expect(conflicts({ nouveauBlock: "done", vgpus: others })).toBe(1);
    expect(conflicts({ gpus: { [gpuAddress]: { vfs: 16 } }, vgpus: others })).toBe(1);
  });

  it("is taken on where vGPUs of this stack are noted, or of the one that it was, and where the host was released", () => {
    expect(conflicts({ driver: managerRecord, vgpus: [...others, recordOf("shop/dev")] })).toBe(0);
    expect(conflicts({ driver: managerRecord, vgpus: others }, { formerOwner: "shop/prod/gpu-01" })).toBe(0);
    expect(conflicts({ driver: managerRecord })).toBe(0);
    expect(conflicts({ vgpus: others })).toBe(0);
  });

  it("is told as one error, and nothing is done", () => {
    const facts = hostFacts({ manifest: { driver: managerRecord, vgpus: others } });
    const plan = planHost(desiredHost(), facts);
    expect(plan.steps).toEqual([]);
    expect(refusalTexts(plan)).toEqual([
      `VGPU_CLAIM_CONFLICT gpu-01: cannot tell who manages this host
Saw: no /etc/pulumi-vgpu/host, and beside it records of a driver or virtual functions, and of vGPUs of shop/prod
Expected: no records, or vGPUs of shop/dev
Next: if shop/prod has the host, run pulumi up there, which claims it again; if shop/dev/gpu-01 has it, write owner=shop/dev/gpu-01 to /etc/pulumi-vgpu/host on the host, run again`,
    ]);
  });
});
