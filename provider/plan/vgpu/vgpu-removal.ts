import type { HostFacts, VgpuInterface, VgpuRecord } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";
import { formatRefusals } from "../identity/record-format.js";
import type { Plan } from "../steps.js";
import { unlessUnread } from "../unread.js";
import { carrierName, carriersOf } from "./carrier.js";
import { inUseRefusal } from "./vgpu-refusals.js";
import { numberSeen } from "./vgpu-steps.js";
import { findLive } from "./vgpu-view.js";

/** Returns what must be done until the vGPU is gone. One that we did not make is left alone. */
export function planVgpuRemoval(self: DesiredVgpu, facts: HostFacts): Plan {
  const refusals = formatRefusals(`${self.host} ${self.name}`, facts);
  if (refusals.length > 0) return { steps: [], refusals };
  const record = facts.manifest.vgpus.find((candidate) => candidate.uuid === self.uuid);
  if (record === undefined || record.owner !== self.owner) return { steps: [], refusals: [] };
  const found = findLive(self.uuid, facts);
  const carrier =
    found?.carrier ?? carriersOf(facts).find((candidate) => carrierName(candidate) === record.carrier);
  const base = {
    target: `${self.host} ${self.name}`,
    cause: "it is not wanted any more",
    disruption: "none" as const,
  };
  const parent = found?.known.live.parent ?? record.parent;
  const vendor = carrier?.vgpuInterface === "vendor-vfio";
  const vgpu = {
    uuid: self.uuid,
    vgpuInterface: carrier?.vgpuInterface ?? interfaceNoted(self, record),
    carrier: record.carrier,
    parent,
    typeName: record.typeName,
    vgpuTypeId: found === null ? null : numberSeen(found.known),
    owner: self.owner,
    name: self.name,
    keep: false,
  };
  // On a vendor-specific VFIO function nothing but the record says whose vGPU it is.
  if (record.adopted || (vendor && found === null)) {
    const cause = record.adopted ? "it was there before us, and is left in place" : base.cause;
    return { steps: [{ kind: "forget-vgpu", vgpu, ...base, cause }], refusals: [] };
  }
  if (found !== null && found.known.live.holders.length > 0) {
    return { steps: [], refusals: [inUseRefusal(self, found.known)] };
  }
  const retire: Plan = { steps: [{ kind: "retire-vgpu", vgpu, ...base }], refusals: [] };
  return unlessUnread(base.target, facts, retire);
}

/** How a vGPU was made whose carrier has left the host; they are taken away alike. */
function interfaceNoted(self: DesiredVgpu, { parent, carrier }: VgpuRecord): VgpuInterface {
  if (self.carrierKind === "parent") return "mdev-on-parent";
  return parent === carrier ? "mdev-on-pf" : "mdev-on-vf";
}
