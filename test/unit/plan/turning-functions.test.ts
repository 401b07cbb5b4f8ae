import { describe, expect, it } from "vitest";
import type { GpuFacts, HostFacts } from "../../../provider/model/facts.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { captureText } from "../captures.js";
import { bootFiles, desiredHost, refusalTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";
import { emptyWorld, factsOf } from "./vgpu-world.js";
import { vgpuOf, worldWith } from "./vgpus.js";

const turning = { vfsTurn: { option: "-e", seconds: 340 } } as const;

function withGpu(facts: HostFacts, change: Partial<GpuFacts>): HostFacts {
  return { ...facts, gpus: facts.gpus.map((gpu) => ({ ...gpu, ...change })) };
}

const refusal = (where: string, option = "-e", since = ", for 340 s now") =>
  `VGPU_PREREQUISITE ${where}: sriov-manage of an earlier run has not ended on 0000:3b:00.0
Saw: sriov-manage ${option} 0000:3b:00.0 runs${since} (it has /run/pulumi-vgpu/sriov-manage.0000:3b:00.0 locked)
Expected: its end, before anything else is done to this GPU's virtual functions
Next: wait for it, run again; if it does not end, see on the host what it waits for (dmesg), shut the VMs down and reboot the host`;

describe("a GPU whose virtual functions sriov-manage turns on or off", () => {
  it("has none turned on or off beside it", () => {
    const off = withGpu(finishedHost(), { ...turning, virtualFunctions: [] });
    expect(refusalTexts(planHost(desiredHost(), off))).toEqual([refusal("gpu-01 0000:3b:00.0")]);
    const ending = withGpu(finishedHost(), { vfsTurn: { option: "-d", seconds: null } });
    expect(refusalTexts(planHostRemoval(desiredHost(), ending))).toEqual([
      refusal("gpu-01 0000:3b:00.0", "-d", ""),
    ]);
  });

  it("keeps no other GPU from having its own turned on", () => {
    const off = withGpu(finishedHost(), { virtualFunctions: [] });
    const [gpu] = off.gpus;
    if (gpu === undefined) throw new Error("no GPU");
    const facts = { ...off, gpus: [gpu, { ...gpu, ...turning, address: "0000:af:00.0" }] };
    const plan = planHost(desiredHost(), facts);
    expect(plan.refusals).toEqual([]);
    expect(plan.steps).toMatchObject([{ kind: "enable-vfs", gpu: "0000:3b:00.0" }]);
  });

  it("is left to it where nothing is to be done", () => {
    expect(planHost(desiredHost(), withGpu(finishedHost(), turning))).toEqual({ steps: [], refusals: [] });
  });

  it("is given no vGPU, and keeps those it has", () => {
    const empty = emptyWorld("mdev-on-vf");
    const self = vgpuOf(1, "A40-8Q");
    const planOn = (facts: HostFacts) => planVgpu({ self, declared: [self], bootFiles }, facts);
    expect(refusalTexts(planOn(withGpu(factsOf(empty), turning)))).toEqual([
      refusal("gpu-01 0000:3b:00.0 desk-1"),
    ]);
    expect(planOn(withGpu(factsOf(worldWith(empty, [self])), turning))).toEqual({ steps: [], refusals: [] });
  });

  it.each([
    ["-e 100\t440", { option: "-e", seconds: 340 }],
    ["-d 100\t440", { option: "-d", seconds: 340 }],
    ["\t440", { option: "-e", seconds: null }],
    ["-e 1e9\tNaN", { option: "-e", seconds: null }],
  ])("is told by the look: %j", (fields, vfsTurn) => {
    const line = `vfs-turn\t0000:08:00.0\t${fields.replace(" ", "\t")}\n`;
    const text = captureText("observe-host.mdev-on-vf.txt").replace(/^end\t/m, `${line}end\t`);
    expect(parseHostFacts(text, "here").gpus.map((gpu) => gpu.vfsTurn)).toEqual([vfsTurn]);
  });
});
