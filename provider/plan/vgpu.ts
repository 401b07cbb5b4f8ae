import type { ErrorParts } from "../model/errors.js";
import type { GpuFacts, HostFacts } from "../model/facts.js";
import type { DesiredVgpu } from "./desired.js";
import type { PlacedVgpu, Plan, Step } from "./steps.js";
import { placeFor } from "./vgpu-place.js";
import {
  capacityRefusal,
  foreignRefusal,
  inUseRefusal,
  keptElsewhereRefusal,
  noGpuRefusal,
  noPlaceRefusal,
  sizeRefusal,
  typeRefusal,
} from "./vgpu-refusals.js";
import {
  findLive,
  framebufferOf,
  fullTypeName,
  identityOf,
  isKept,
  isLeftover,
  isStale,
  type KnownVgpu,
  knownVgpus,
  maxInstancesOf,
  typeKey,
  type VgpuContext,
  type VgpuRequest,
} from "./vgpu-view.js";

/** Returns why the GPU cannot be asked for vGPUs yet, `null` when it can. The host's own convergence comes first. */
export function vgpuDeferral(gpuAddress: string, facts: HostFacts): string | null {
  const gpu = facts.gpus.find((candidate) => candidate.address === gpuAddress);
  return gpu === undefined || gpu.vgpuInterface !== null
    ? null
    : (gpu.absence ?? "the GPU offers no vGPU types yet");
}

/** Returns what must be done, in order, until the vGPU exists as declared; what is in its way and no longer wanted goes first. */
export function planVgpu(request: VgpuRequest, facts: HostFacts): Plan {
  const gpu = facts.gpus.find((candidate) => candidate.address === request.self.gpu);
  if (gpu === undefined) return refused(noGpuRefusal(request.self, facts));
  if (gpu.vgpuInterface === null) return { steps: [], refusals: [] };
  const typeName = fullTypeName(request.self.type, gpu);
  const elsewhere = findLive(request.self.uuid, facts);
  if (typeName === null) return refused(typeRefusal(request.self, gpu));
  const context = { ...request, gpu, facts, typeName, known: knownVgpus(gpu, facts) };
  if (elsewhere !== null && elsewhere.gpu.address !== gpu.address) return movePlan(context, elsewhere);
  const live = context.known.find((vgpu) => identityOf(vgpu) === request.self.uuid) ?? null;
  if (live !== null && typeKey(live.live.typeName ?? "") === typeKey(typeName))
    return keepPlan(context, live);
  return makePlan(context, live);
}

function refused(parts: ErrorParts): Plan {
  return { steps: [], refusals: [parts] };
}

/** It is on another GPU: the engine removes it there first, unless a run was interrupted. */
function movePlan(context: VgpuContext, from: { readonly gpu: GpuFacts; readonly known: KnownVgpu }): Plan {
  const { self } = context;
  const { known } = from;
  if (known.record === null || known.record.owner !== self.owner || known.record.adopted)
    return refused(foreignRefusal(self, known));
  if (known.live.holders.length > 0) return refused(inUseRefusal(self, known));
  if (known.record.keep || self.keep) return refused(keptElsewhereRefusal(self, known));
  const there = retireSteps({ ...context, gpu: from.gpu }, [known]);
  const plan = makePlan(context, null);
  return plan.refusals.length > 0 ? plan : { ...plan, steps: [...there, ...plan.steps] };
}

/** It exists in the right shape: only its record may be missing or unfinished. */
function keepPlan(context: VgpuContext, live: KnownVgpu): Plan {
  const { self, facts } = context;
  const record = live.record;
  const place = placed(context, live.live.parent, self);
  const cause = "it exists as declared; its record does not say so yet";
  const target = `${self.host} ${self.name}`;
  if (record === null) {
    const definition = facts.mdevDefinitions.find((candidate) => candidate.mdevUuid === self.uuid);
    if (definition?.start === "auto") return { steps: [], refusals: [] };
    return { steps: [{ kind: "record-vgpu", vgpu: place, target, cause, disruption: "none" }], refusals: [] };
  }
  if (record.owner !== self.owner) return refused(foreignRefusal(self, live));
  const noted = record.state === "done" && record.keep === self.keep && record.typeName === context.typeName;
  if (noted && (record.adopted || definedManually(self.uuid, context.gpu, facts))) {
    return { steps: [], refusals: [] };
  }
  const kind = record.adopted ? "record-vgpu" : "make-vgpu";
  return { steps: [{ kind, vgpu: place, target, cause, disruption: "none" }], refusals: [] };
}

/** Whether mdevctl, where it is used, holds the vGPU's definition and leaves its start to our boot unit. */
export function definedManually(uuid: string, gpu: GpuFacts, facts: HostFacts): boolean {
  if (gpu.vgpuInterface === "vendor-vfio" || !facts.tools.has("mdevctl")) return true;
  return facts.mdevDefinitions.some(
    (definition) => definition.mdevUuid === uuid && definition.start === "manual",
  );
}

function makePlan(context: VgpuContext, old: KnownVgpu | null): Plan {
  const { self, gpu, known } = context;
  const size = framebufferOf(context.typeName, gpu);
  const others = known.filter((candidate) => candidate !== old);
  const otherSize = others.filter((candidate) => candidate.framebufferMiB !== size);
  const refusals: ErrorParts[] = [];
  const retire: KnownVgpu[] = [];
  for (const vgpu of [...(old ? [old] : []), ...otherSize]) {
    const refusal = retireRefusal(context, vgpu);
    if (refusal === null) retire.push(vgpu);
    else refusals.push(refusal);
  }
  const same = others.filter((candidate) => candidate.framebufferMiB === size);
  const room = makeRoom(context, same);
  refusals.push(...room.refusals);
  retire.push(...room.retire);
  const parent = placeFor(context, retire);
  if (parent === null && refusals.length === 0) refusals.push(noPlaceRefusal(self, gpu));
  if (refusals.length > 0 || parent === null) return { steps: [], refusals };
  return {
    steps: [...forgetSteps(context), ...retireSteps(context, retire), makeStep(context, parent)],
    refusals: [],
  };
}

/** Returns why a vGPU in the way may not go; `null` when it may. */
function retireRefusal(context: VgpuContext, vgpu: KnownVgpu): ErrorParts | null {
  const { self, declared } = context;
  const own = vgpu.record?.uuid === self.uuid || vgpu.live.mdevUuid === self.uuid;
  if (own && vgpu.record === null) return foreignRefusal(self, vgpu);
  if (vgpu.live.holders.length > 0) return inUseRefusal(self, vgpu);
  if (own && vgpu.record?.owner !== self.owner) return foreignRefusal(self, vgpu);
  const kept = isKept(vgpu, declared);
  if (kept || !isStale(vgpu, self, declared))
    return sizeRefusal(self, vgpu, { kept, size: framebufferOf(context.typeName, context.gpu) });
  return null;
}

/**
 * Same size, but full: what the program no longer declares makes room, one for one. What stays for good leaves room for
 * all that is declared or for none of it: half of a change is worse than its refusal.
 */
function makeRoom(
  context: VgpuContext,
  same: readonly KnownVgpu[],
): { retire: KnownVgpu[]; refusals: ErrorParts[] } {
  const { self, declared, gpu } = context;
  const most = maxInstancesOf(context.typeName, gpu);
  if (most === null) return { retire: [], refusals: [] };
  const isIdle = (vgpu: KnownVgpu) =>
    isStale(vgpu, self, declared) && !isKept(vgpu, declared) && vgpu.live.holders.length === 0;
  const isDeclared = (vgpu: KnownVgpu) =>
    declared.some(({ uuid }) => uuid === (vgpu.live.mdevUuid ?? vgpu.record?.uuid));
  const staying = same.filter((vgpu) => !isIdle(vgpu) && !isDeclared(vgpu));
  if (staying.length > 0 && staying.length + declared.length > most)
    return { retire: [], refusals: [capacityRefusal(context, same, most)] };
  const excess = same.length + 1 - most;
  const idle = same.filter(isIdle);
  if (idle.length < excess) return { retire: [], refusals: [capacityRefusal(context, same, most)] };
  return { retire: idle.slice(0, Math.max(excess, 0)), refusals: [] };
}

function placed(context: VgpuContext, parent: string, self: DesiredVgpu): PlacedVgpu {
  const { gpu, typeName } = context;
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === typeKey(typeName));
  return {
    uuid: self.uuid,
    vgpuInterface: gpu.vgpuInterface ?? "mdev-on-pf",
    gpu: gpu.address,
    parent,
    typeName,
    vgpuTypeId: offered?.vgpuTypeId ?? null,
    owner: self.owner,
    name: self.name,
    keep: self.keep,
  };
}

function makeStep(context: VgpuContext, parent: string): Step {
  const { self } = context;
  const vgpu = placed(context, parent, self);
  return {
    kind: "make-vgpu",
    vgpu,
    target: `${self.host} ${self.name}`,
    cause: "it does not exist as declared",
    disruption: "none",
  };
}

function retireSteps(context: VgpuContext, retire: readonly KnownVgpu[]): Step[] {
  const { self, gpu } = context;
  return retire.map((vgpu) => {
    const record = vgpu.record;
    const identity = {
      uuid: vgpu.live.mdevUuid ?? record?.uuid ?? "",
      name: record?.name ?? "",
      keep: false,
    };
    const typeName = vgpu.live.typeName ?? "";
    const place = {
      vgpuInterface: gpu.vgpuInterface ?? "mdev-on-pf",
      gpu: gpu.address,
      parent: vgpu.live.parent,
      typeName,
    } as const;
    return {
      kind: "retire-vgpu",
      vgpu: { ...identity, ...place, vgpuTypeId: null, owner: self.owner },
      target: `${self.host} ${record?.name ?? identity.uuid}`,
      cause: `it is idle and the program no longer wants it as ${typeName}`,
      disruption: "none",
    };
  });
}

/** Records of ours whose vGPU is neither declared nor there: what a crash, or a reboot without our boot unit, left. */
function forgetSteps(context: VgpuContext): Step[] {
  const { self, facts } = context;
  return facts.manifest.vgpus
    .filter((record) => isLeftover(record, self, context))
    .map((record) => ({
      kind: "forget-vgpu",
      vgpu: { ...placed(context, record.parent, self), uuid: record.uuid, name: record.name },
      target: `${self.host} ${record.name}`,
      cause: "it is noted, not there, and not declared",
      disruption: "none",
    }));
}
