import type { HostFacts } from "../model/facts.js";
import type { DesiredVgpu } from "./desired.js";
import type { Plan } from "./steps.js";
import { inUseRefusal } from "./vgpu-refusals.js";
import { findLive } from "./vgpu-view.js";

/** Returns what must be done until the vGPU is gone. One that we did not make is left alone. */
export function planVgpuRemoval(self: DesiredVgpu, facts: HostFacts): Plan {
  const record = facts.manifest.vgpus.find((candidate) => candidate.uuid === self.uuid);
  if (record === undefined || record.owner !== self.owner) return { steps: [], refusals: [] };
  const found = findLive(self.uuid, facts);
  const gpu = found?.gpu ?? facts.gpus.find((candidate) => candidate.address === record.gpu);
  const base = {
    target: `${self.host} ${self.name}`,
    cause: "it is not wanted any more",
    disruption: "none" as const,
  };
  const parent = found?.known.live.parent ?? record.parent;
  const vendor = gpu?.vgpuInterface === "vendor-vfio";
  const vgpu = {
    uuid: self.uuid,
    vgpuInterface:
      gpu?.vgpuInterface ?? (parent === record.gpu ? ("mdev-on-pf" as const) : ("mdev-on-vf" as const)),
    gpu: record.gpu,
    parent,
    typeName: record.typeName,
    vgpuTypeId: null,
    owner: self.owner,
    name: self.name,
    keep: false,
  };
  // On a vendor-specific VFIO function nothing but the record says whose vGPU it is.
  if (record.adopted || (vendor && found === null))
    return { steps: [{ kind: "forget-vgpu", vgpu, ...base }], refusals: [] };
  if (found !== null && found.known.live.holders.length > 0) {
    return { steps: [], refusals: [inUseRefusal(self, found.known)] };
  }
  return { steps: [{ kind: "retire-vgpu", vgpu, ...base }], refusals: [] };
}
