import type { ErrorParts } from "../../model/errors.js";
import { kernelLogText } from "../../model/kernel-log.js";
import type { DeclaredContext, Setting } from "../setting.js";
import { boundDriverRefusals } from "./bound-driver.js";

declare module "../../model/gpu-settings.js" {
  interface SettingArguments {
    readonly usage: "vgpu";
  }
}

/** What a GPU is used for, and so which driver has it. */
export const usage: Setting = {
  name: "usage",
  argument: { name: "usage", schema: (zod) => zod.literal("vgpu").default("vgpu") },
  files: [],
  refusals: (context) => [...consoleRefusals(context), ...boundDriverRefusals(context)],
  unmet: absenceRefusals,
  drift: ({ gpu }) =>
    gpu.absence !== null && gpu.vgpuInterface === null ? { usage: `none: ${gpu.absence}` } : {},
  kinds: {},
};

function consoleRefusals({ gpu, where, property }: DeclaredContext): ErrorParts[] {
  if (!gpu.bootVga) return [];
  return [
    {
      code: "VGPU_PREREQUISITE",
      where,
      what: "this GPU drives the host's console",
      saw: `boot_vga is 1 (/sys/bus/pci/devices/${gpu.address}/boot_vga)`,
      expected: "another display adapter as the primary one",
      next: "make another adapter primary in the firmware, or leave this GPU out of gpus",
      property,
    },
  ];
}

function absenceRefusals({ gpu, where, property }: DeclaredContext): ErrorParts[] {
  if (gpu.absence === null) return [];
  return [
    {
      code: "VGPU_PREREQUISITE",
      where,
      what: "the GPU offers no vGPU types",
      saw: [gpu.absence, ...(gpu.kernelLog.length === 0 ? [] : [kernelLogText(gpu)])].join("; "),
      expected: "types, now that the vGPU manager runs and the virtual functions are on",
      next: "on the host: systemctl status nvidia-vgpud, journalctl -u nvidia-vgpud -u nvidia-vgpu-mgr, dmesg | grep NVRM",
      property,
    },
  ];
}
