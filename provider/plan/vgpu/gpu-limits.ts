import { findVgpuType } from "../../catalog/types.js";
import type { GpuFacts } from "../../model/facts.js";
import { parseVgpuTypeName } from "../../model/vgpu-type.js";
import { typeKey } from "./carrier.js";

/** Returns what a type reserves on the GPU: as the host says, else the catalog, else the name's own number; `null` if none does. */
export function framebufferOf(name: string, gpu: GpuFacts): number | null {
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === typeKey(name));
  return (
    offered?.framebufferMiB ??
    findVgpuType(name)?.framebufferMiB ??
    parseVgpuTypeName(name)?.framebufferMiB ??
    null
  );
}

/** Returns how many vGPUs of a type the GPU holds; `null` if nobody knows. */
export function maxInstancesOf(name: string, gpu: GpuFacts): number | null {
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === typeKey(name));
  return offered?.maxInstances ?? findVgpuType(name)?.maxInstancesPerGpu ?? null;
}

/** Whether a type's name is that of a MIG-backed one: those share a GPU with each other only, whatever their sizes. */
export function isMigBacked(name: string): boolean {
  return typeof parseVgpuTypeName(name)?.migSlices === "number";
}

/** Returns how many more of a type a free function says it takes now; `null` where none says it. */
export function availableOf(name: string, gpu: GpuFacts): number | null {
  return gpu.offeredTypes.find((type) => typeKey(type.name) === typeKey(name))?.available ?? null;
}
