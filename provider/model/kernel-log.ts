import type { GpuFacts } from "./facts.js";

/** Returns what the driver said of a GPU, for the evidence of an error. */
export function kernelLogText({ kernelLog }: GpuFacts): string {
  return `the kernel's log (dmesg):\n  ${kernelLog.join("\n  ")}`;
}
