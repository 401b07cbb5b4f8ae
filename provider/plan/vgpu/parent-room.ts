import { freeUnits, unitsOfMdevType } from "../../catalog/mdev-units.js";
import type { ErrorParts } from "../../model/errors.js";
import type { MdevParentFacts } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";
import { noInstanceRefusal, unknownFitRefusal } from "./parent-refusals.js";
import { stayReason, unchangeableRefusal } from "./staying-refusals.js";
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

/** What of a parent may go for an mdev: itself in another shape; idle ones that the program no longer wants, of its type or of others. */
interface Removable {
  readonly own: readonly KnownVgpu[];
  readonly ofType: readonly KnownVgpu[];
  readonly others: readonly KnownVgpu[];
}

/**
 * Returns the room for an mdev on a parent that is not NVIDIA's. Something goes only where what is declared is then known to fit:
 * by the units that the types of a known driver are made of; else one of a type leaves room for one of it, and nobody knows what
 * one of another type leaves room for.
 */
export function roomOnParent(context: ParentContext, old: KnownVgpu | null): Room {
  const refusal = old === null ? null : changeRefusal(context, old);
  if (refusal !== null) return refused(context, refusal);
  const idle = context.known.filter((vgpu) => vgpu !== old && isIdleStale(vgpu, context));
  const removable = {
    own: old === null ? [] : [old],
    ofType: idle.filter((vgpu) => vgpu.live.typeName === context.typeName),
    others: idle.filter((vgpu) => vgpu.live.typeName !== context.typeName),
  };
  const free = freeUnits(context.carrier.types);
  return free === null ? roomByCounts(context, removable) : roomByUnits(context, removable, free);
}

/** Of the driver's rule nothing is known: nothing of another type goes, but the mdev itself where an instance is left for it. */
function roomByCounts(context: ParentContext, { own, ofType, others }: Removable): Room {
  const missing = missingOf(context);
  const available = availableOf(context);
  if (missing.filter(({ type }) => type === context.typeName).length <= available + ofType.length) {
    const hasRoom = available > 0 || own.some(({ live }) => live.typeName === context.typeName);
    const first = hasRoom ? [] : ofType.slice(0, 1);
    return { parent: context.carrier.name, retire: [...own, ...first], refusals: [] };
  }
  const inQuestion = [...own, ...others];
  if (inQuestion.length === 0) return refused(context, noInstanceRefusal(context, available));
  return refused(context, unknownFitRefusal(context, { available, missing, inQuestion }));
}

/** All that is declared has to fit when all that may go has gone; then only as much goes as this one needs. */
function roomByUnits(context: ParentContext, { own, ofType, others }: Removable, free: number): Room {
  const missing = missingOf(context);
  const needed = missing.reduce((sum, { type }) => sum + (unitsOfMdevType(type) ?? 0), 0);
  if (needed > free + unitsOfAll([...own, ...ofType, ...others]))
    return refused(context, noInstanceRefusal(context, availableOf(context)));
  const ownUnits = unitsOfMdevType(context.typeName) ?? 0;
  const retire = [...own];
  for (const vgpu of [...ofType, ...others]) {
    if (free + unitsOfAll(retire) >= ownUnits) break;
    retire.push(vgpu);
  }
  return { parent: context.carrier.name, retire, refusals: [] };
}

function refused(context: ParentContext, refusal: ErrorParts): Room {
  return { parent: context.carrier.name, retire: [], refusals: [refusal] };
}

function unitsOfAll(vgpus: readonly KnownVgpu[]): number {
  return vgpus.reduce((sum, { live }) => sum + (unitsOfMdevType(live.typeName ?? "") ?? 0), 0);
}

/** How many more of the type the host says can be made. */
function availableOf({ carrier, typeName }: ParentContext): number {
  return carrier.types.find(({ mdevType }) => mdevType === typeName)?.availableInstances ?? 0;
}

/** The declared ones that are not there as declared. */
function missingOf({ declared, known }: ParentContext): readonly DesiredVgpu[] {
  return declared.filter(
    ({ uuid, type }) => !known.some((vgpu) => identityOf(vgpu) === uuid && vgpu.live.typeName === type),
  );
}

/** Returns why an mdev may not be made anew with another type; `null` when it may. */
function changeRefusal(context: ParentContext, old: KnownVgpu): ErrorParts | null {
  const { self, declared } = context;
  const refusal = inTheWayRefusal(self, old);
  if (refusal !== null) return refusal;
  if (!isKept(old, declared) && isStale(old, context)) return null;
  return unchangeableRefusal(self, old, stayReason(old, context));
}
