import type { ErrorParts } from "../../model/errors.js";
import type { HostFacts } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";

/** Returns the stack, `"project/stack"`, of the resource that manages a machine. */
export function stackOf(owner: string): string {
  return owner.split("/").slice(0, 2).join("/");
}

const expected = ({ host, owner }: DesiredVgpu) => `a host that VgpuHost ${host} of ${owner} manages`;

/** Returns why nothing is planned for a vGPU: another stack has the host. `null` where this one has it, or nobody yet. */
export function othersHostRefusal(self: DesiredVgpu, { manifest }: HostFacts): ErrorParts | null {
  const { owner } = manifest;
  const stacks = [self.owner, self.former?.owner, self.formerHostStack];
  if (owner === null || stacks.includes(stackOf(owner))) return null;
  return {
    code: "VGPU_CLAIM_CONFLICT",
    where: `${self.host} ${self.carrier} ${self.name}`,
    what: "another stack manages the host at this address",
    saw: `it is managed by ${owner} (/etc/pulumi-vgpu/host)`,
    expected: expected(self),
    next: `correct the connection of ${self.host}, or declare the vGPU in that stack`,
    property: "connection",
  };
}

/** Returns why a vGPU is not made: its VgpuHost, which comes first in every whole run, has not claimed the host. */
export function unclaimedHostRefusal(self: DesiredVgpu, { manifest }: HostFacts): ErrorParts | null {
  if (manifest.owner !== null) return null;
  return {
    code: "VGPU_PREREQUISITE",
    where: `${self.host} ${self.carrier} ${self.name}`,
    what: "nobody manages the host at this address",
    saw: "no /etc/pulumi-vgpu/host",
    expected: expected(self),
    next: `run without --target and --exclude, or with --target '**VgpuHost::${self.host}' too`,
    property: "connection",
  };
}
