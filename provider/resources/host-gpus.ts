import { hasUnknown, type Properties } from "./lifecycle.js";

const known = new Map<string, readonly string[]>();

/**
 * Notes, for this process, the GPUs that a VgpuHost declares: where `gpus` is an output of another resource, or is left to the
 * state by `ignoreChanges`, the program that sdk/ hands down does not have them, and the host's own check has.
 */
export function noteHostGpus({ owner, name, gpus }: Properties): void {
  if (typeof gpus !== "object" || gpus === null || hasUnknown(gpus)) return;
  known.set(hostKey(owner, name), Object.keys(gpus));
}

/** Returns the GPUs that a host declares; `null` where its check was not asked for, or did not know them yet. */
export function gpusOfHost(owner: string, host: string): readonly string[] | null {
  return known.get(hostKey(owner, host)) ?? null;
}

function hostKey(owner: unknown, name: unknown): string {
  return JSON.stringify([owner, name]);
}
