import type { ErrorParts } from "../../model/errors.js";
import type { DeclaredContext } from "../setting.js";

/** Drivers that may have a GPU before ours: our own, and those of the kernel that we block. */
const known = new Set(["nvidia", "nouveau", "novacore", "nova_core", "nova-core"]);

/** Returns the refusal of a GPU that another driver has: the vendor's would never be given it. */
export function boundDriverRefusals({ where, property, gpu }: DeclaredContext): ErrorParts[] {
  if (gpu.driver === null || known.has(gpu.driver.toLowerCase())) return [];
  const passthrough = gpu.driver === "vfio-pci";
  return [
    {
      code: "VGPU_PREREQUISITE",
      where,
      what: passthrough ? "this GPU is handed to passthrough" : "another driver has this GPU",
      saw: `driver ${gpu.driver}`,
      expected: "nouveau, nova_core, nvidia, or no driver",
      next: passthrough
        ? "take it out of the vfio-pci configuration of the host, reboot, run again"
        : `keep ${gpu.driver} from taking it (modprobe.d, driver_override or the kernel command line), reboot, run again`,
      property,
    },
  ];
}
