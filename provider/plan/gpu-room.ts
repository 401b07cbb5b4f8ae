import type { ErrorParts } from "../model/errors.js";
import type { GpuFacts } from "../model/facts.js";
import { framebufferOf, maxInstancesOf } from "./gpu-limits.js";
import { placeFor } from "./vgpu-place.js";
import { capacityRefusal, inTheWayRefusal, noPlaceRefusal, sizeRefusal } from "./vgpu-refusals.js";
import { isIdleStale, isKept, isStale, type KnownVgpu, type Room, type VgpuContext } from "./vgpu-view.js";

type GpuContext = VgpuContext<GpuFacts>;

/** Returns where a vGPU goes on its GPU, and what has to go first: itself in another shape, all of another size, the surplus of its own. */
export function roomOnGpu(context: GpuContext, old: KnownVgpu | null): Room {
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
  const parent = placeFor(context, retire);
  if (parent === null && refusals.length === 0) refusals.push(noPlaceRefusal(context.self, context.carrier));
  return { parent, retire, refusals };
}

/** Returns why a vGPU in the way may not go; `null` when it may. */
function retireRefusal(context: GpuContext, vgpu: KnownVgpu, size: number | null): ErrorParts | null {
  const { self, declared } = context;
  const refusal = inTheWayRefusal(self, vgpu);
  if (refusal !== null) return refusal;
  const kept = isKept(vgpu, declared);
  return kept || !isStale(vgpu, self, declared) ? sizeRefusal(self, vgpu, { kept, size }) : null;
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
  const isDeclared = (vgpu: KnownVgpu) =>
    declared.some(({ uuid }) => uuid === (vgpu.live.mdevUuid ?? vgpu.record?.uuid));
  const staying = same.filter((vgpu) => !isIdleStale(vgpu, context) && !isDeclared(vgpu));
  if (staying.length > 0 && staying.length + declared.length > most)
    return { retire: [], refusals: [capacityRefusal(context, same, most)] };
  const excess = same.length + 1 - most;
  const idle = same.filter((vgpu) => isIdleStale(vgpu, context));
  if (idle.length < excess) return { retire: [], refusals: [capacityRefusal(context, same, most)] };
  return { retire: idle.slice(0, Math.max(excess, 0)), refusals: [] };
}
