import type { Properties } from "./lifecycle.js";

/** The input by which sdk/ says that a vGPU's UUID is made from names. It is taken off: it is not stored. */
const derivedKey = "uuidDerived";

const kept = new Map<string, string>();
const derivedOnes = new Set<string>();

/** Whether the program left the UUID of a vGPU to be made from names, when it was checked in this process. */
export function isUuidDerived(inputs: { readonly owner: string; readonly name: string }): boolean {
  return derivedOnes.has(JSON.stringify([inputs.owner, inputs.name]));
}

/**
 * Returns the inputs of a vGPU with the UUID that it has: one that is made from the names of project, stack and resource
 * stays when these change, or VMs would name one that is no more. The engine checks a resource that is replaced a second
 * time, without what is stored of it.
 */
export function withStoredUuid(olds: Properties, news: Properties): Properties {
  const { [derivedKey]: derived, ...inputs } = news;
  if (derived !== true) return inputs;
  const key = JSON.stringify([news.owner, news.name]);
  derivedOnes.add(key);
  const uuid = typeof olds.uuid === "string" ? olds.uuid : kept.get(key);
  if (uuid === undefined) return inputs;
  kept.set(key, uuid);
  return { ...inputs, uuid };
}
