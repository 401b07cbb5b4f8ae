import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostKindName, openBed, smallHosts, vgpusOf } from "./bed.js";
import { gpuOf, liveTypes, recordedVgpus } from "./live-vgpus.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const vm = "sudden-vm";
const anyPid = (text: string) => text.replace(/(pid|process) \d+/g, "$1 <pid>");
const kinds: readonly HostKindName[] = ["turingLegacy", "ampereMdev"];

describe("a VM that comes to use a vGPU in the moment of its removal", () => {
  it.for(kinds)(
    "holds up the removal, not the run: who holds it is told, and it ends with the VM: %s",
    { timeout: 180_000 },
    async (kind) => {
      const { type } = smallHosts[kind];
      const small = type.replace("-4Q", "-2Q");
      const host = await bed.host(`sudden-${kind}`, kind);
      await runUp(host.program(vgpusOf(type, 1)), host.statePath);
      const [made] = (await gpuOf(host.machine)).vgpus;
      await host.machine.model("setFaults", { vmBeforeRemoval: vm });

      const before = Date.now();
      const failure = await runUp(host.program(vgpusOf(small, 1)), host.statePath).catch(String);
      expect(Date.now() - before).toBeLessThan(60_000);
      expect(anyPid(String(failure))).toContain(
        [
          `VGPU_IN_USE gpu-host ${host.gpu} a-1: retire-vgpu of ${made?.type} on ${made?.parent} failed`,
          `Saw: process <pid> (VM ${vm}) has it open; the removal waits in the kernel, and ends by itself when that process does`,
          "Expected: no VM uses a vGPU that is changed or removed",
          "Next: shut that VM down, run again",
          "Now: 0 of 2 operations of this change are done; the next run goes on from there",
        ].join("\n"),
      );

      const preview = await runPreview(host.program(vgpusOf(small, 1)), host.statePath);
      const failures = preview["a-1"]?.failures ?? [];
      expect(failures.map(({ reason }) => anyPid(reason))).toEqual([
        [
          `VGPU_IN_USE gpu-host ${host.gpu} a-1: the removal of a-1 (${made?.type}, VM ${vm}) has not ended`,
          `Saw: it waits in the kernel for VM ${vm} (pid <pid>), which came to use it in the moment of its removal`,
          "Expected: the end of that VM: the removal ends by itself then",
          `Next: shut ${vm} down, run again`,
        ].join("\n"),
      ]);
      await expect(runDestroy(host.statePath)).rejects.toThrow(/VGPU_IN_USE/);

      await host.machine.model("endSuddenVm", vm);
      await runUp(host.program(vgpusOf(small, 2)), host.statePath);
      expect(await liveTypes(host.machine)).toEqual([small, small]);
      expect(await recordedVgpus(host.machine)).toHaveLength(2);
      await runDestroy(host.statePath);
      expect(await liveTypes(host.machine)).toEqual([]);
    },
  );
});
