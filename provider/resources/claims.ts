import type { ErrorParts } from "../model/errors.js";
import type { ResourceKind } from "../plan/declared/program.js";
import { formerOf } from "./former.js";

/** A resource that manages a machine. */
export interface Claim {
  readonly kind: Exclude<ResourceKind, "MdevDevice">;
  readonly name: string;
  /** `"project/stack"` */
  readonly owner: string;
}

const declared = new Map<string, readonly Claim[]>();
const stored = new Map<string, Claim>();

/**
 * Notes who manages a machine in this run, by its machine-id, so that one machine under two names, or as host and guest,
 * is seen whatever the addresses are. Returns the refusal when another resource has it or was refused it, unless it is
 * stored as this one's: of two new ones nobody knows which is right.
 */
export function claimMachine(machineId: string, claim: Claim): ErrorParts | null {
  const claims = declared.get(machineId) ?? [];
  if (!claims.some((known) => isSame(known, claim))) declared.set(machineId, [...claims, claim]);
  const owned = stored.get(storedKey(machineId, claim));
  if (owned !== undefined && isSame(owned, claim)) return null;
  const other = [...claims, owned].find((known) => known !== undefined && !isSame(known, claim));
  return other === undefined ? null : claimRefusal(machineId, other, claim);
}

/** Notes who is stored as managing a machine. As another kind that is no conflict: its resource may be on its way out. */
export function noteStored(machineId: string, claim: Claim): void {
  const key = storedKey(machineId, claim);
  if (!stored.has(key)) stored.set(key, claim);
}

function storedKey(machineId: string, claim: Claim): string {
  return `${claim.kind} ${machineId}`;
}

/** Whether `other` is the resource that claims now, under its present name or the one by which it is stored. */
function isSame(other: Claim, claim: Claim): boolean {
  const names = [claim, formerOf(claim.kind, claim)];
  return (
    other.kind === claim.kind && names.some((one) => other.name === one?.name && other.owner === one.owner)
  );
}

function claimRefusal(machineId: string, other: Claim, claim: Claim): ErrorParts {
  const names = [other.name, claim.name].sort();
  const base = { code: "VGPU_CLAIM_CONFLICT" as const, where: names.join(", "), property: "connection" };
  const saw = `${names.join(" and ")} reach the machine-id ${machineId}`;
  if (other.kind !== claim.kind)
    return {
      ...base,
      what: "a VgpuHost and a GuestDriverInstall are one machine",
      saw,
      expected: "the guest's connection leads into a VM, the host's to the machine that runs it",
      next: "correct the connection of the one that leads to the wrong machine; cloned machines need machine-ids of their own (systemd-machine-id-setup)",
    };
  return {
    ...base,
    what: `2 ${claim.kind}s are one machine`,
    saw,
    expected: `one ${claim.kind} per machine`,
    next: "remove one of them, or correct its connection; a renamed resource needs Pulumi's option aliases; cloned machines need machine-ids of their own (systemd-machine-id-setup)",
  };
}

/** A vGPU as a resource has it: on one machine, by its UUID. */
interface VgpuClaim {
  readonly machineId: string;
  readonly uuid: string;
  readonly host: string;
  readonly name: string;
}

const vgpus = new Map<string, string>();

/** Notes which resource has a vGPU in this run. Returns the refusal when another one that the program declares has it. */
export function claimVgpu(claim: VgpuClaim): ErrorParts | null {
  const { uuid, host, name } = claim;
  const other = vgpus.get(vgpuKey(claim)) ?? name;
  vgpus.set(vgpuKey(claim), other);
  if (other === name) return null;
  return {
    code: "VGPU_CLAIM_CONFLICT",
    where: `${host} ${uuid}`,
    what: "2 MdevDevice resources claim one vGPU",
    saw: [other, name].sort().join(", "),
    expected: "one MdevDevice for each UUID; one that was renamed keeps its own",
    next: "declare another uuid for the one of them that is to be a vGPU of its own",
    property: "uuid",
  };
}

/** Returns the resource that has a vGPU in this run, `undefined` when none has. */
export function vgpuClaimant(vgpu: Pick<VgpuClaim, "machineId" | "uuid">): string | undefined {
  return vgpus.get(vgpuKey(vgpu));
}

function vgpuKey({ machineId, uuid }: Pick<VgpuClaim, "machineId" | "uuid">): string {
  return JSON.stringify([machineId, uuid]);
}
