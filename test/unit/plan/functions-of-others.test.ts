import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { lostHostHistory } from "../../../provider/plan/identity/lost-history.js";
import { captureText } from "../captures.js";
import { desiredHost, gpuAddress } from "./facts.js";
import { finishedHost, withVgpu } from "./finished-host.js";

type Manifest = HostFacts["manifest"];

/** A finished host with another manifest, and the GPUs whose functions its removal turns off. */
function turnedOff(change: Partial<Manifest>, facts: HostFacts = finishedHost()): string[] {
  const plan = planHostRemoval(desiredHost(), { ...facts, manifest: { ...facts.manifest, ...change } });
  expect(plan.refusals).toEqual([]);
  expect(plan.steps.at(-1)?.kind).toBe("release-host");
  return plan.steps.flatMap((step) => (step.kind === "disable-vfs" ? [step.gpu] : []));
}

const found = { [gpuAddress]: { vfs: 32, foundOn: true } } as const;

describe("virtual functions that a removal leaves on", () => {
  it("are those that were on before us, under a driver that is not ours, with others' vGPUs on them", () => {
    expect(turnedOff({ driver: null, gpus: { [gpuAddress]: { vfs: 32 } } })).toEqual([gpuAddress]);
    expect(turnedOff({ driver: null, gpus: { [gpuAddress]: {} } })).toEqual([]);
    expect(turnedOff({ driver: null, gpus: found })).toEqual([]);
    expect(turnedOff({ driver: null, gpus: found }, { ...finishedHost(), gpus: [withVgpu] })).toEqual([]);
  });

  it("are none under a driver that is ours", () => {
    expect(turnedOff({ gpus: found })).toEqual([gpuAddress]);
  });

  it("are those of an address where no GPU is, whatever is noted of it", () => {
    const gpus = { [gpuAddress]: { vfs: 32 }, "0000:af:00.0": { vfs: 8 } };
    expect(turnedOff({ gpus })).toEqual([gpuAddress]);
  });

  it("are told where the record of them is gone", () => {
    const facts = finishedHost();
    const lost = { ...facts.manifest, owner: null, driver: null, gpus: {} };
    expect(lostHostHistory([gpuAddress], { ...facts, manifest: lost })).toMatch(
      /destroy will leave it: driver \S+, virtual functions of 0000:3b:00\.0$/,
    );
    const ours = { ...lost, gpus: { [gpuAddress]: { vfs: 32 } } };
    expect(lostHostHistory([gpuAddress], { ...facts, manifest: ours })).not.toContain("functions of");
  });
});

describe("a record of a GPU", () => {
  it("says that functions were on, and counts for the address of a function alone", () => {
    const lines = [
      "gpu/0000:0a:00.0:vfs=16",
      "gpu/0000:0a:00.0:found=on",
      "gpu/0000:09:00.0:vfs=8",
      "gpu/0000:09:00.0:found=$(id)",
      "gpu/............:vfs=4",
      "gpu/0000:08:00.8:vfs=4",
    ];
    const text = captureText("observe-host.mdev-on-vf.txt").replace(
      /^end\t/m,
      `${lines.map((line) => `manifest\t${line}\n`).join("")}end\t`,
    );
    expect({ ...parseHostFacts(text, "here").manifest.gpus }).toEqual({
      "0000:08:00.0": { vfs: 16 },
      "0000:0a:00.0": { vfs: 16, foundOn: true },
      "0000:09:00.0": { vfs: 8 },
    });
  });
});
