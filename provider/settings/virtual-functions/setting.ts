import type { DeclaredContext, GpuContext, Setting, SettingChange } from "../setting.js";
import { parseFunctions, parseFunctionsRecord } from "./facts.js";
import { hasNeededVfs, neededVfs, turnedOnByUs } from "./needed.js";
import { turningRefusals } from "./turning.js";

const needs = ["processes", "devices"] as const;
/** What sriov-manage says when somebody uses the GPU. */
const refusedWhileOpen = "unbindLock";

/** The virtual functions of a GPU, where its vGPUs need them. */
export const virtualFunctions: Setting = {
  name: "virtual-functions",
  files: ["observe", "functions", "boot"],
  parse: parseFunctions,
  parseRecord: parseFunctionsRecord,
  busy: turningRefusals,
  steps: enableSteps,
  removal: disableSteps,
  trace: { name: "virtual functions", isOn: (gpu) => gpu.virtualFunctions.length > 0 },
  drift: ({ gpu, manifest }) =>
    hasNeededVfs(gpu, manifest.gpus[gpu.address]?.vfs)
      ? {}
      : { usage: `${gpu.virtualFunctions.length} of ${neededVfs(gpu)} virtual functions` },
  outputs: (gpu) => ({ virtualFunctions: neededVfs(gpu) }),
  kinds: {
    "enable-vfs": {
      needs,
      args: ({ gpu, count }) => [gpu, String(count)],
      deadlineMs: 300_000,
      refusedWhileOpen,
      explain,
    },
    "disable-vfs": { needs, args: ({ gpu }) => [gpu], refusedWhileOpen, explain },
  },
};

function enableSteps({ where, gpu, manifest }: DeclaredContext): SettingChange[] {
  if (hasNeededVfs(gpu, manifest.gpus[gpu.address]?.vfs)) return [];
  const count = neededVfs(gpu);
  const cause = `${gpu.virtualFunctions.length} of ${count} virtual functions are on`;
  return [{ kind: "enable-vfs", gpu: gpu.address, count, target: where, cause, disruption: "none" }];
}

function disableSteps({ where, gpu, manifest }: GpuContext): SettingChange[] {
  if (!turnedOnByUs(gpu.address, manifest)) return [];
  const cause = "we turned them on";
  return [{ kind: "disable-vfs", gpu: gpu.address, target: where, cause, disruption: "none" }];
}

/** What our script says of a sriov-manage that it has left behind. */
const leftBehind = /^\s*sriov-manage .* has not ended\b/m;

function explain(saw: string) {
  if (!leftBehind.test(saw)) return null;
  return {
    next: "run again when it has ended; if it does not end, see on the host what it waits for (dmesg), shut the VMs down and reboot the host",
    now: "sriov-manage goes on by itself; until it has ended no run touches this GPU's virtual functions",
  };
}
