import { findBoard } from "../../catalog/boards.js";
import type { GpuFacts, HostManifest } from "../../model/facts.js";
import type { PciAddress } from "../../model/pci-address.js";

/**
 * Returns how many virtual functions the GPU must have before it carries vGPUs; 0 where it carries them itself, whatever
 * its SR-IOV capability says. The host's own types decide; before the vGPU manager runs there are none, and functions
 * are promised only for a board that the catalog knows to need them.
 */
export function neededVfs(gpu: GpuFacts): number {
  if (gpu.vgpuInterface === "mdev-on-pf") return 0;
  if (gpu.virtualFunctions.length > 0) return gpu.totalVfs;
  const onFunctions = findBoard(gpu)?.sriov ?? gpu.driver === "nvidia";
  return onFunctions ? gpu.totalVfs : 0;
}

/** Whether the GPU has its functions, and our record that brings them back at boot. */
export function hasNeededVfs(gpu: GpuFacts, recordedVfs: number | undefined): boolean {
  const needed = neededVfs(gpu);
  return needed === 0 || (gpu.virtualFunctions.length >= needed && recordedVfs === needed);
}

/** Whether a GPU's virtual functions are ours to turn off: they were not on before us, or the driver that they go with is ours. */
export function turnedOnByUs(address: PciAddress, { gpus, driver }: HostManifest): boolean {
  const record = gpus[address];
  return record?.vfs !== undefined && (record.foundOn !== true || driver !== null);
}
