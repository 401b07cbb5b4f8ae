import type { Gpu } from "./gpu.js";
import type { HostState } from "./host-state.js";

/** One call of nvidia-smi, its `-i` already applied. */
export interface SmiCall {
  readonly model: HostState;
  readonly gpus: readonly Gpu[];
  readonly version: string;
  readonly words: readonly string[];
}

/** Returns the GPU's number in nvidia-smi: only GPUs of the driver count. */
export function gpuIndex(model: HostState, gpu: Gpu): number {
  return visibleGpus(model).indexOf(gpu);
}

/** Returns the GPUs that the driver has. */
export function visibleGpus(model: HostState): Gpu[] {
  return model.gpus.filter((gpu) => gpu.physicalFunction.driver === "nvidia");
}
