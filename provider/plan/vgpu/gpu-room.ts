import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts } from "../../model/facts.js";
import { availableOf, framebufferOf, isMigBacked, maxInstancesOf } from "./gpu-limits.js";
import { notAvailableRefusal, sharingRefusal, unknownRoomRefusal } from "./gpu-mode-refusals.js";
import { sizeRefusal, stayReason, unchangeableRefusal } from "./staying-refusals.js";
import { placeFor } from "./vgpu-place.js";
import { capacityRefusal, inTheWayRefusal, noPlaceRefusal } from "./vgpu-refusals.js";
import {
  identityOf,
  isIdleStale,
  isKept,
  isStale,
  type KnownVgpu,
  type Room,
  type VgpuContext,
} from "./vgpu-view.js";

type GpuContext = VgpuContext<GpuFacts>;

/**
 * Returns where a vGPU goes on its GPU, and what has to go first: itself in another shape, all of another size, the surplus of
 * its own. Something goes only where all that is declared can then be made, by what host and catalog say.
 */
export function roomOnGpu(context: GpuContext, old: KnownVgpu | null): Room {
  const mode = modeRefusal(context);
  if (mode !== null) return { parent: null, retire: [], refusals: [mode] };
  if (isMigBacked(context.typeName)) return roomOnInstances(context, old);
  const size = framebufferOf(context.typeName, context.carrier);
  const others = context.known.filter((candidate) => candidate !== old);
  const otherSize = others.filter((candidate) => candidate.framebufferMiB !== size);
  const refusals: ErrorParts[] = [];
  const retire: KnownVgpu[] = [];
  for (const vgpu of [...(old ? [old] : []), ...otherSize]) {
    const refusal = retireRefusal(context, vgpu, size);
    if (refusal === null) retire.push(vgpu);
    else refusals.push(refusal);
  }
  const same = others.filter((candidate) => candidate.framebufferMiB === size);
  const surplus = surplusOf(context, same);
  refusals.push(...surplus.refusals);
  retire.push(...surplus.retire);
  const whole = refusals.length > 0 ? null : wholeSetRefusal(context, { retire, same });
  if (whole !== null) refusals.push(whole);
  const parent = placeFor(context, retire);
  if (parent === null && refusals.length === 0) refusals.push(noPlaceRefusal(context.self, context.carrier));
  return { parent, retire, refusals };
}

/** MIG mode is the operator's: with it on a GPU takes MIG-backed types only, with it off none of them. */
function modeRefusal({ self, carrier, known, typeName }: GpuContext): ErrorParts | null {
  const migBacked = isMigBacked(typeName);
  const other = known.find(({ live }) => live.typeName !== null && isMigBacked(live.typeName) !== migBacked);
  if (other !== undefined) return sharingRefusal(self, other, migBacked);
  if (known.length > 0 || availableOf(typeName, carrier) !== 0) return null;
  return notAvailableRefusal(self, typeName);
}

/** MIG-backed vGPUs of any size stand beside each other, each on an instance that the operator made: the host says how many are left. */
function roomOnInstances(context: GpuContext, old: KnownVgpu | null): Room {
  const { self, known, typeName, carrier } = context;
  const refusal = old === null ? null : retireRefusal(context, old, null);
  if (refusal !== null) return { parent: null, retire: [], refusals: [refusal] };
  const same = known.filter((vgpu) => vgpu !== old && vgpu.live.typeName === typeName);
  const idle = same.filter((vgpu) => isIdleStale(vgpu, context));
  const needed = availableOf(typeName, carrier) ? [] : idle.slice(0, 1);
  if (!availableOf(typeName, carrier) && needed.length === 0)
    return { parent: null, retire: [], refusals: [notAvailableRefusal(self, typeName, known)] };
  const retire = [...(old ? [old] : []), ...needed];
  const parent = placeFor(context, retire);
  const refusals = parent === null ? [noPlaceRefusal(self, carrier)] : [];
  return { parent, retire, refusals };
}

/** Why nothing may be made or go although each that is in the way may: not all that is declared would find its place then. */
function wholeSetRefusal(
  context: GpuContext,
  { retire, same }: { readonly retire: readonly KnownVgpu[]; readonly same: readonly KnownVgpu[] },
): ErrorParts | null {
  const { self, declared, carrier, typeName } = context;
  const size = framebufferOf(typeName, carrier);
  const most = maxInstancesOf(typeName, carrier);
  if (most !== null && declared.length > most) return capacityRefusal(context, same, most);
  if (retire.length === 0) return null;
  if (size === null || (most === null && declared.length > 1)) return unknownRoomRefusal(self, typeName);
  if (carrier.vgpuInterface === "mdev-on-pf") return null;
  const staying = context.known.filter((vgpu) => !retire.includes(vgpu) && !isDeclared(vgpu, declared));
  const taken = new Set(staying.map(({ live }) => live.parent));
  const usable = carrier.virtualFunctions.filter((vf) => vf.driver === "nvidia" && !taken.has(vf.vfAddress));
  return usable.length < declared.length ? noPlaceRefusal(self, carrier) : null;
}

function isDeclared(vgpu: KnownVgpu, declared: GpuContext["declared"]): boolean {
  return declared.some(({ uuid }) => uuid === identityOf(vgpu));
}

/** Returns why a vGPU in the way may not go; `null` when it may. */
function retireRefusal(context: GpuContext, vgpu: KnownVgpu, size: number | null): ErrorParts | null {
  const { self, declared } = context;
  const refusal = inTheWayRefusal(self, vgpu);
  if (refusal !== null) return refusal;
  if (!isKept(vgpu, declared) && isStale(vgpu, context)) return null;
  const reason = stayReason(vgpu, context);
  return identityOf(vgpu) === self.uuid
    ? unchangeableRefusal(self, vgpu, reason)
    : sizeRefusal(self, vgpu, { reason, size });
}

/**
 * Same size, but full: what the program no longer declares makes room, one for one. What stays for good leaves room for
 * all that is declared or for none of it: half of a change is worse than its refusal.
 */
function surplusOf(
  context: GpuContext,
  same: readonly KnownVgpu[],
): { retire: KnownVgpu[]; refusals: ErrorParts[] } {
  const { declared, carrier } = context;
  const most = maxInstancesOf(context.typeName, carrier);
  if (most === null) return { retire: [], refusals: [] };
  const staying = same.filter((vgpu) => !isIdleStale(vgpu, context) && !isDeclared(vgpu, declared));
  if (staying.length > 0 && staying.length + declared.length > most)
    return { retire: [], refusals: [capacityRefusal(context, same, most)] };
  const excess = same.length + 1 - most;
  const idle = same.filter((vgpu) => isIdleStale(vgpu, context));
  if (idle.length < excess) return { retire: [], refusals: [capacityRefusal(context, same, most)] };
  return { retire: idle.slice(0, Math.max(excess, 0)), refusals: [] };
}
