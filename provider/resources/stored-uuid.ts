import type { Properties } from "./lifecycle.js";

/** The input by which sdk/ says that a vGPU's UUID is made from names. It is taken off: it is not stored. */
const derivedKey = "uuidDerived";

const kept = new Map<string, string>();

/**
 * Returns the inputs of a vGPU with the UUID that it has: one that is made from the names of project, stack and resource
 * stays when these change, or VMs would name one that is no more. The engine checks a resource that is replaced a second
 * time, without what is stored of it.
 */
export function withStoredUuid(olds: Properties, news: Properties): Properties {
  const { [derivedKey]: derived, ...inputs } = news;
  if (derived !== true) return inputs;
  const key = JSON.stringify([news.owner, news.name]);
  const uuid = typeof olds.uuid === "string" ? olds.uuid : kept.get(key);
  if (uuid === undefined) return inputs;
  kept.set(key, uuid);
  return { ...inputs, uuid };
}
