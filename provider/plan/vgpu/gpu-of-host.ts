import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";
import type { Plan } from "../steps.js";
import type { VgpuRequest } from "./vgpu-view.js";

/** Returns why the GPU is none of this resource's: its host does not declare it. `null` where it does, or where nobody knows. */
export function undeclaredGpuRefusal({ self, hostGpus = null }: VgpuRequest): ErrorParts | null {
  if (self.carrierKind !== "gpu" || hostGpus === null || hostGpus.includes(self.carrier)) return null;
  return {
    code: "VGPU_INPUT",
    where: `${self.host} ${self.carrier} ${self.name}`,
    what: `GPU ${self.carrier} is not declared in its host`,
    saw:
      hostGpus.length === 0 ? `no gpus in "${self.host}"` : `gpus ${hostGpus.join(", ")} in "${self.host}"`,
    expected: "a GPU that the VgpuHost declares: others are never touched",
    next: `add "${self.carrier}": { usage: "vgpu" } to gpus of "${self.host}", or correct gpu`,
    property: "gpu",
  };
}

/** Returns why a plan may not be carried out that makes a vGPU on the GPU of the host's console; `null` when it makes none there. */
export function consoleGpuRefusal(self: DesiredVgpu, gpu: GpuFacts, plan: Plan): ErrorParts | null {
  if (!gpu.bootVga || !plan.steps.some((step) => step.kind === "make-vgpu")) return null;
  return {
    code: "VGPU_PREREQUISITE",
    where: `${self.host} ${self.carrier} ${self.name}`,
    what: "this GPU drives the host's console",
    saw: `boot_vga is 1 (/sys/bus/pci/devices/${gpu.address}/boot_vga)`,
    expected: "another display adapter as the primary one",
    next: "make another adapter primary in the firmware, or declare the vGPU on another GPU",
    property: "gpu",
  };
}
