import { findVgpuType } from "../catalog/types.js";
import type { GpuFacts, HostFacts, LiveVgpu, VgpuRecord } from "../model/facts.js";
import { parseVgpuTypeName, shortTypeName } from "../model/vgpu-type.js";
import type { DesiredVgpu } from "./desired.js";

/** One live vGPU with what the manifest says of it. */
export interface KnownVgpu {
  readonly live: LiveVgpu;
  /** `null`: not ours, or made by nobody we know. */
  readonly record: VgpuRecord | null;
  readonly framebufferMiB: number | null;
}

/** What a vGPU's plan is made from, beside the host. */
export interface VgpuRequest {
  readonly self: DesiredVgpu;
  /** Every vGPU that the program declares on this GPU, `self` included. */
  readonly declared: readonly DesiredVgpu[];
}

/** The same, with what is seen of its GPU. */
export interface VgpuContext extends VgpuRequest {
  readonly gpu: GpuFacts;
  readonly facts: HostFacts;
  readonly typeName: string;
  readonly known: readonly KnownVgpu[];
}

/** Returns the last word of a type's name, upper case, which is what tells types apart. */
export function typeKey(name: string): string {
  return shortTypeName(name).toUpperCase();
}

/** Returns what a type reserves on the GPU: as the host says, else the catalog, else the name's own number; `null` if none does. */
export function framebufferOf(name: string, gpu: GpuFacts): number | null {
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === typeKey(name));
  return (
    offered?.framebufferMiB ??
    findVgpuType(name)?.framebufferMiB ??
    parseVgpuTypeName(name)?.framebufferMiB ??
    null
  );
}

/** Returns how many vGPUs of a type the GPU holds; `null` if nobody knows. */
export function maxInstancesOf(name: string, gpu: GpuFacts): number | null {
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === typeKey(name));
  return offered?.maxInstances ?? findVgpuType(name)?.maxInstancesPerGpu ?? null;
}

/**
 * Returns the live vGPUs of a GPU, each with its record. Where the host does not name a type (a full GPU on vendor-specific
 * VFIO whose nvidia-smi does not answer), the record of the vGPU does: without a name it would pass for another type.
 */
export function knownVgpus(gpu: GpuFacts, facts: HostFacts): KnownVgpu[] {
  return gpu.vgpus.map((seen) => {
    const record = recordOf(seen, facts);
    const typeName = seen.typeName ?? record?.typeName ?? null;
    const framebufferMiB = typeName === null ? null : framebufferOf(typeName, gpu);
    return { live: { ...seen, typeName }, record, framebufferMiB };
  });
}

function recordOf(live: LiveVgpu, facts: HostFacts): VgpuRecord | null {
  const records = facts.manifest.vgpus;
  const found = live.mdevUuid
    ? records.find((record) => record.uuid === live.mdevUuid)
    : records.find((record) => record.parent === live.parent);
  return found ?? null;
}

/** Returns the UUID of a live vGPU: the mdev's, or the one that our record gives a vendor-specific VFIO function. */
export function identityOf(known: KnownVgpu): string | undefined {
  return known.live.mdevUuid ?? known.record?.uuid;
}

/** Returns the live vGPU that a declaration means, wherever it is in the host, and its GPU. */
export function findLive(
  uuid: string,
  facts: HostFacts,
): { readonly gpu: GpuFacts; readonly known: KnownVgpu } | null {
  for (const gpu of facts.gpus) {
    for (const known of knownVgpus(gpu, facts)) {
      if (identityOf(known) === uuid) return { gpu, known };
    }
  }
  return null;
}

/**
 * Returns the full name under which this GPU offers a declared type; `null` when it does not.
 * A list that shrank because of other vGPUs on the GPU does not hide a type: then the catalog, or the form of the
 * names that are seen, gives the name.
 */
export function fullTypeName(declared: string, gpu: GpuFacts): string | null {
  const key = typeKey(declared);
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === key);
  if (offered !== undefined) return offered.name;
  if (gpu.vgpuInterface !== "vendor-vfio" || gpu.vgpus.length === 0) return null;
  const catalogName = findVgpuType(declared)?.name ?? null;
  if (catalogName !== null) return catalogName;
  const seen = gpu.vgpus.map((vgpu) => vgpu.typeName).find((name) => name !== null);
  return seen ? `${seen.slice(0, seen.lastIndexOf(" ") + 1)}${declared.trim().split(/\s+/).at(-1)}` : null;
}

/** Returns one vGPU as a person knows it, e.g. `desk-2 (A40-8Q, VM desk-2)`. */
export function vgpuText(known: KnownVgpu): string {
  const name = known.record?.name || (known.live.mdevUuid ?? known.live.parent);
  const users = known.live.holders.map((holder) => holder.domainName);
  const vm = users.length > 0 ? `, VM ${users.join(", ")}` : "";
  return `${name} (${known.live.typeName ?? `type number ${known.live.vgpuTypeId}`}${vm})`;
}

/** Whether a vGPU is ours to retire for `self`: of the same stack, made by us, and not wanted by the program as it is. */
export function isStale(known: KnownVgpu, self: DesiredVgpu, declared: readonly DesiredVgpu[]): boolean {
  const record = known.record;
  if (record === null || record.owner !== self.owner || record.adopted) return false;
  const wanted = declared.find((vgpu) => vgpu.uuid === record.uuid);
  return wanted === undefined || typeKey(wanted.type) !== typeKey(known.live.typeName ?? "");
}

/** Whether the program protects or retains a vGPU: as it says now, else as it said when it last declared the vGPU. */
export function isKept(known: KnownVgpu, declared: readonly DesiredVgpu[]): boolean {
  const wanted = declared.find((vgpu) => vgpu.uuid === known.record?.uuid);
  return wanted?.keep ?? known.record?.keep === true;
}

/** Whether a record is a leftover of ours: its vGPU is neither there nor declared nor retained. */
export function isLeftover(
  record: VgpuRecord,
  self: DesiredVgpu,
  seen: { readonly known: readonly KnownVgpu[]; readonly declared: readonly DesiredVgpu[] },
): boolean {
  if (record.owner !== self.owner || record.gpu !== self.gpu || record.keep) return false;
  const live = seen.known.some((vgpu) => vgpu.record?.uuid === record.uuid);
  return !live && seen.declared.every((vgpu) => vgpu.uuid !== record.uuid);
}
