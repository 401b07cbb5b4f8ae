import type { ErrorParts } from "../../model/errors.js";
import type { HostFacts, LiveVgpu, VgpuRecord } from "../../model/facts.js";
import type { LateVgpu } from "../declared/program.js";
import type { DesiredVgpu } from "../desired.js";
import { type Carrier, carriersOf, isGpu, typeKey } from "./carrier.js";
import { framebufferOf } from "./gpu-limits.js";
import { isOfStack } from "./vgpu-names.js";

/** One live vGPU with what the manifest says of it. */
export interface KnownVgpu {
  readonly live: LiveVgpu;
  /** `null`: not ours, or made by nobody we know. */
  readonly record: VgpuRecord | null;
  /** `null` where nobody knows, and on what is no NVIDIA GPU. */
  readonly framebufferMiB: number | null;
}

/** What a vGPU's plan is made from, beside the host. */
export interface VgpuRequest {
  readonly self: DesiredVgpu;
  /** Every vGPU that the program declares on the same carrier, `self` included. */
  readonly declared: readonly DesiredVgpu[];
  /** Addresses of the GPUs that its host declares; `null` where nobody knows. @default null */
  readonly hostGpus?: readonly string[] | null;
  /** Those that the program constructs on the same host, while it is not known on what and as what. @default none */
  readonly late?: readonly LateVgpu[];
  /** sha256 of the boot unit's files as this version of the package writes them. */
  readonly bootFiles: Readonly<Record<string, string>>;
  /** Whether the run is about the vGPU of this resource name. @default every one is */
  readonly isTargeted?: (resource: string) => boolean;
}

/** The same, with what is seen of its carrier. */
export interface VgpuContext<Of extends Carrier = Carrier> extends VgpuRequest {
  readonly carrier: Of;
  readonly facts: HostFacts;
  readonly typeName: string;
  readonly known: readonly KnownVgpu[];
}

/** Where a vGPU goes and what has to go first; or why there is no room. */
export interface Room {
  readonly parent: string | null;
  readonly retire: readonly KnownVgpu[];
  readonly refusals: readonly ErrorParts[];
}

/**
 * Returns the live vGPUs of a carrier, each with its record. Where the host does not name a type (a full GPU on vendor-specific
 * VFIO whose nvidia-smi does not answer), the record of the vGPU does: without a name it would pass for another type.
 * One of another type than the record of its function names is not the recorded one: we never change a type in place.
 */
export function knownVgpus(carrier: Carrier, facts: HostFacts): KnownVgpu[] {
  return carrier.vgpus.map((seen) => {
    const record = recordOf(seen, facts);
    const typeName = seen.typeName ?? record?.typeName ?? null;
    const framebufferMiB = typeName === null || !isGpu(carrier) ? null : framebufferOf(typeName, carrier);
    return { live: { ...seen, typeName }, record, framebufferMiB };
  });
}

function recordOf(live: LiveVgpu, facts: HostFacts): VgpuRecord | null {
  const records = facts.manifest.vgpus;
  const found = live.mdevUuid
    ? records.find((record) => record.uuid === live.mdevUuid)
    : records.find((record) => record.parent === live.parent && mayBe(record, live));
  return found ?? null;
}

function mayBe({ typeName }: VgpuRecord, live: LiveVgpu): boolean {
  return live.typeName === null || typeKey(live.typeName) === typeKey(typeName);
}

/** Returns what was put in the place of a recorded vGPU on its vendor-specific VFIO function; `null` when nothing was. */
export function inPlaceOf(uuid: string, facts: HostFacts): KnownVgpu | null {
  const record = facts.manifest.vgpus.find((candidate) => candidate.uuid === uuid);
  const known = carriersOf(facts).flatMap((carrier) => knownVgpus(carrier, facts));
  const isThere = ({ live, record: noted }: KnownVgpu) =>
    live.mdevUuid === null && noted === null && live.parent === record?.parent;
  return known.find(isThere) ?? null;
}

/** Returns the UUID of a live vGPU: the mdev's, or the one that our record gives a vendor-specific VFIO function. */
export function identityOf(known: KnownVgpu): string | undefined {
  return known.live.mdevUuid ?? known.record?.uuid;
}

/** Returns the live vGPU that a declaration means, wherever it is in the host, and what carries it. */
export function findLive(
  uuid: string,
  facts: HostFacts,
): { readonly carrier: Carrier; readonly known: KnownVgpu } | null {
  for (const carrier of carriersOf(facts)) {
    for (const known of knownVgpus(carrier, facts)) {
      if (identityOf(known) === uuid) return { carrier, known };
    }
  }
  return null;
}

/** Returns one vGPU as a person knows it, e.g. `desk-2 (A40-8Q, VM desk-2)`. */
export function vgpuText(known: KnownVgpu): string {
  const name = known.record?.name || (known.live.mdevUuid ?? known.live.parent);
  const users = known.live.holders.map((holder) => holder.domainName);
  const vm = users.length > 0 ? `, VM ${users.join(", ")}` : "";
  return `${name} (${known.live.typeName ?? `type number ${known.live.vgpuTypeId}`}${vm})`;
}

type Wanted = Pick<VgpuRequest, "self" | "declared" | "late">;

/** Whether a record may be that of a vGPU whose values the program does not know yet: by its UUID, or by a name of it. */
export function isLate({ uuid, name }: VgpuRecord, late: readonly LateVgpu[]): boolean {
  return late.some((vgpu) => vgpu.uuid === uuid || vgpu.resource === name || vgpu.formerNames.includes(name));
}

/** Whether a vGPU is ours to retire for `self`: of the same stack, made by us, and not wanted by the program as it is. */
export function isStale(known: KnownVgpu, { self, declared, late = [] }: Wanted): boolean {
  const record = known.record;
  if (record === null || !isOfStack(record, self) || record.adopted) return false;
  const wanted = declared.find((vgpu) => vgpu.uuid === record.uuid);
  if (known.live.removing) return true;
  if (wanted === undefined) return !isLate(record, late);
  return typeKey(wanted.type) !== typeKey(known.live.typeName ?? "");
}

/** Whether a vGPU may go to make room: ours, no longer wanted as it is, not protected or retained, and used by no VM. */
export function isIdleStale(known: KnownVgpu, wanted: Wanted): boolean {
  return isStale(known, wanted) && !isKept(known, wanted.declared) && known.live.holders.length === 0;
}

/** Whether the program protects or retains a vGPU: as it says now, else as it said when it last declared the vGPU. */
export function isKept(known: KnownVgpu, declared: readonly DesiredVgpu[]): boolean {
  const wanted = declared.find((vgpu) => vgpu.uuid === known.record?.uuid);
  return wanted?.keep ?? known.record?.keep === true;
}

/** Whether a record is a leftover of ours: its vGPU is neither there nor declared, nor may be, nor retained. */
export function isLeftover(
  record: VgpuRecord,
  self: DesiredVgpu,
  seen: Omit<Wanted, "self"> & { readonly known: readonly KnownVgpu[] },
): boolean {
  if (record.owner !== self.owner || record.carrier !== self.carrier || record.keep) return false;
  if (isLate(record, seen.late ?? [])) return false;
  const live = seen.known.some((vgpu) => vgpu.record?.uuid === record.uuid);
  return !live && seen.declared.every((vgpu) => vgpu.uuid !== record.uuid);
}
