import type { ResourceKind } from "../plan/declared/program.js";
import type { Properties } from "./lifecycle.js";

/** By what a host or guest knows a resource. */
export interface Identity {
  /** `"project/stack"` */
  readonly owner: string;
  readonly name: string;
}

const former = new Map<string, Identity>();
const stored = new Set<string>();

/**
 * Remembers, for this process, under which names a resource is stored whose own name, stack or project was changed
 * (`aliases`, `pulumi stack rename`): what its machine says of the one is said of the other. The engine's state is the
 * proof; a program cannot claim it. A vGPU and its guest may have one name: each kind has names of its own.
 */
export function rememberFormer(kind: ResourceKind, olds: Properties, news: Properties): void {
  const { owner, name } = olds;
  if (typeof owner !== "string" || typeof name !== "string") return;
  stored.add(keyOf(kind, news));
  if (owner === news.owner && name === news.name) return;
  former.set(keyOf(kind, news), { owner, name });
}

/** Whether the engine's state has the resource, by whatever names. */
export function isStored(kind: ResourceKind, inputs: Identity): boolean {
  return stored.has(keyOf(kind, inputs));
}

/** Returns under which other names a resource is stored, `null` when there are none. */
export function formerOf(kind: ResourceKind, inputs: Identity): Identity | null {
  return former.get(keyOf(kind, inputs)) ?? null;
}

/** Returns the owner that a machine may still name: project, stack and resource as they are stored. */
export function formerOwnerOf(kind: ResourceKind, inputs: Identity): string | null {
  const found = formerOf(kind, inputs);
  return found === null ? null : `${found.owner}/${found.name}`;
}

function keyOf(kind: ResourceKind, { owner, name }: Properties | Identity): string {
  return JSON.stringify([kind, owner, name]);
}
