import type { ErrorParts } from "../model/errors.js";
import type { MdevParentFacts } from "../model/facts.js";
import { noInstanceRefusal, unchangeableRefusal } from "./parent-refusals.js";
import { inTheWayRefusal } from "./vgpu-refusals.js";
import {
  identityOf,
  isIdleStale,
  isKept,
  isStale,
  type KnownVgpu,
  type Room,
  type VgpuContext,
} from "./vgpu-view.js";

type ParentContext = VgpuContext<MdevParentFacts>;

/**
 * Returns the room for an mdev on a parent that is not NVIDIA's, of whose rules nothing is known but what the host says:
 * how many more of a type can be made. One of a type leaves room for one of it. What one of another type leaves room for
 * can only be tried; so where it is full, all that the program no longer wants goes first.
 */
export function roomOnParent(context: ParentContext, old: KnownVgpu | null): Room {
  const parent = context.carrier.name;
  const refusal = old === null ? null : changeRefusal(context, old);
  if (refusal !== null) return { parent, retire: [], refusals: [refusal] };
  const own = old === null ? [] : [old];
  const idle = context.known.filter((vgpu) => vgpu !== old && isIdleStale(vgpu, context));
  const ofType = idle.filter((vgpu) => vgpu.live.typeName === context.typeName);
  const { available, missing } = counts(context);
  const others = idle.length - ofType.length + own.length;
  if (missing > available + ofType.length && others === 0)
    return { parent, retire: [], refusals: [noInstanceRefusal(context, available)] };
  if (available > 0) return { parent, retire: own, refusals: [] };
  const first = ofType[0];
  return { parent, retire: first === undefined ? [...own, ...idle] : [...own, first], refusals: [] };
}

/** How many more of the type can be made, and how many of the declared ones are not there. */
function counts({ carrier, typeName, declared, known }: ParentContext) {
  const offered = carrier.types.find(({ mdevType }) => mdevType === typeName);
  const isThere = (uuid: string) =>
    known.some((vgpu) => identityOf(vgpu) === uuid && vgpu.live.typeName === typeName);
  const missing = declared.filter(({ type, uuid }) => type === typeName && !isThere(uuid));
  return { available: offered?.availableInstances ?? 0, missing: missing.length };
}

/** Returns why an mdev may not be made anew with another type; `null` when it may. */
function changeRefusal(context: ParentContext, old: KnownVgpu): ErrorParts | null {
  const { self, declared } = context;
  const refusal = inTheWayRefusal(self, old);
  if (refusal !== null) return refusal;
  if (isKept(old, declared)) return unchangeableRefusal(self, old, "the program protects or retains it");
  return isStale(old, context) ? null : unchangeableRefusal(self, old, "it was there before us");
}
