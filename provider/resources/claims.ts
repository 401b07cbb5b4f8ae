import type { ErrorParts } from "../model/errors.js";

/** A resource that manages a machine. */
interface Claim {
  readonly kind: string;
  readonly name: string;
  /** `"project/stack"` */
  readonly owner: string;
}

const claims = new Map<string, Claim>();

/**
 * Notes who manages a machine in this run, by its machine-id, so that one machine under two names is seen.
 * Returns the refusal when another resource has it.
 */
export function claimMachine(machineId: string, claim: Claim): ErrorParts | null {
  const key = `${claim.kind} ${machineId}`;
  const other = claims.get(key) ?? claim;
  claims.set(key, other);
  if (other.name === claim.name && other.owner === claim.owner) return null;
  const names = [other.name, claim.name].sort();
  return {
    code: "VGPU_CLAIM_CONFLICT",
    where: names.join(", "),
    what: `${names.length} ${claim.kind}s are one machine`,
    saw: `${names.join(" and ")} reach the machine-id ${machineId}`,
    expected: `one ${claim.kind} per machine`,
    next: "remove one of them, or correct its connection; a renamed resource needs Pulumi's option aliases; cloned machines need machine-ids of their own (systemd-machine-id-setup)",
    property: "connection",
  };
}
