import { describe, expect, it } from "vitest";
import type { HostFacts, LiveVgpu } from "../../../provider/model/facts.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { holdersByFile } from "../../../provider/observe/parse-holders.js";
import { mdevsOn } from "../../../provider/observe/parse-mdevs.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, refusalTexts, stepTexts } from "./facts.js";
import { emptyWorld, factsOf } from "./vgpu-world.js";
import { uuidOf, vgpuOf, worldWith } from "./vgpus.js";

const holder = { pid: 250, domainName: "desk-vm" };

/** A host on whose GPU the removal of desk-1 has begun: its type cannot be read any more. */
function removing(holders: LiveVgpu["holders"]): HostFacts {
  const facts = factsOf(worldWith(emptyWorld("mdev-on-vf"), [vgpuOf(1, "A40-8Q")]));
  const gpus = facts.gpus.map((gpu) => ({
    ...gpu,
    vgpus: gpu.vgpus.map((vgpu) => ({
      ...vgpu,
      vgpuTypeId: 0,
      typeName: null,
      holders,
      removing: true as const,
    })),
  }));
  return { ...facts, gpus };
}

const planned = (type: string, facts: HostFacts, n = 1) => {
  const self = vgpuOf(n, type);
  return planVgpu({ self, declared: [self], bootFiles }, facts);
};

const refusal = (
  who: string,
) => `VGPU_IN_USE gpu-01 0000:3b:00.0 ${who}: the removal of desk-1 (NVIDIA A40-8Q, VM desk-vm) has not ended
Saw: it waits in the kernel for VM desk-vm (pid 250), which came to use it in the moment of its removal
Expected: the end of that VM: the removal ends by itself then
Next: shut desk-vm down, run again`;

describe("a vGPU whose removal waits in the kernel for a VM", () => {
  it("is refused to whoever wants it, removes it or needs another size, naming the VM", () => {
    const facts = removing([holder]);
    expect(refusalTexts(planned("A40-8Q", facts))).toEqual([refusal("desk-1")]);
    expect(refusalTexts(planned("A40-16Q", facts, 2))).toEqual([refusal("desk-2")]);
    expect(refusalTexts(planVgpuRemoval(vgpuOf(1, "A40-8Q"), facts))).toEqual([refusal("desk-1")]);
  });

  it("keeps its function and its room, so that another of its size goes elsewhere", () => {
    const facts = removing([holder]);
    const taken = facts.gpus[0]?.vgpus[0]?.parent;
    const self = vgpuOf(2, "A40-8Q");
    const [step] = planVgpu({ self, declared: [vgpuOf(1, "A40-8Q"), self], bootFiles }, facts).steps;
    expect(step).toMatchObject({ kind: "make-vgpu", vgpu: { uuid: uuidOf(2) } });
    expect(step).not.toMatchObject({ vgpu: { parent: taken } });
  });

  it("is waited for and made anew once the VM has let it go", () => {
    expect(stepTexts(planned("A40-8Q", removing([])))).toEqual([
      "retire-vgpu gpu-01 desk-1: its removal has begun and not ended",
      "make-vgpu gpu-01 desk-1: it does not exist as declared",
    ]);
  });
});

describe("what observing says of it", () => {
  const uuid = uuidOf(1);
  const lines = [
    `mdev\t${uuid}\t0000:3b:00.4\tremoving`,
    `mdev-type-of\t${uuid}\t\t\t106`,
    "holder\t250\t/dev/vfio/106",
    "word\t250\t:\t-name",
    "word\t250\t-\tguest=desk-vm,debug-threads=on",
    "end\thost\n",
  ].join("\n");

  it("is an mdev without a type, held by who has its group open", () => {
    const facts = parseFactLines(lines, "host", "x");
    expect(mdevsOn(facts, ["0000:3b:00.4"], holdersByFile(facts))).toEqual([
      { mdevUuid: uuid, parent: "0000:3b:00.4", typeFolder: "", name: "", holders: [holder], removing: true },
    ]);
    expect(parseHostFacts(lines, "x").gpus).toEqual([]);
  });
});
