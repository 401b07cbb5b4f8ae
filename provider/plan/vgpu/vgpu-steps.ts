import type { DesiredVgpu } from "../desired.js";
import type { PlacedVgpu, Step } from "../steps.js";
import { carrierName, isGpu, typeKey } from "./carrier.js";
import { findLive, isLeftover, type KnownVgpu, type VgpuContext } from "./vgpu-view.js";

/** Returns the vGPU as it is to be on the host. */
export function placed(context: VgpuContext, parent: string, self: DesiredVgpu): PlacedVgpu {
  const { carrier, typeName } = context;
  const offered = isGpu(carrier)
    ? carrier.offeredTypes.find((type) => typeKey(type.name) === typeKey(typeName))
    : undefined;
  return {
    uuid: self.uuid,
    vgpuInterface: carrier.vgpuInterface ?? "mdev-on-pf",
    carrier: carrierName(carrier),
    parent,
    typeName,
    vgpuTypeId: offered?.vgpuTypeId ?? null,
    owner: self.owner,
    name: self.name,
    keep: self.keep,
  };
}

/** Makes what does not exist as declared. */
export function makeStep(context: VgpuContext, parent: string): Step {
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

/** Returns the number of its type by which a vendor-specific VFIO function is known when it is cleared: it has no UUID. */
export function numberSeen({ live }: KnownVgpu): number | null {
  return live.mdevUuid === null ? live.vgpuTypeId : null;
}

/** Takes vGPUs away that are in the way, with their definitions and records. */
export function retireSteps(context: VgpuContext, retire: readonly KnownVgpu[]): Step[] {
  const { self, carrier } = context;
  return retire.map((vgpu) => {
    const record = vgpu.record;
    const identity = {
      uuid: vgpu.live.mdevUuid ?? record?.uuid ?? "",
      name: record?.name ?? "",
      keep: false,
    };
    const typeName = vgpu.live.typeName ?? "";
    const place = {
      vgpuInterface: carrier.vgpuInterface ?? "mdev-on-pf",
      carrier: carrierName(carrier),
      parent: vgpu.live.parent,
      typeName,
    } as const;
    return {
      kind: "retire-vgpu",
      vgpu: { ...identity, ...place, vgpuTypeId: numberSeen(vgpu), owner: self.owner },
      target: `${self.host} ${record?.name ?? identity.uuid}`,
      cause: vgpu.live.removing
        ? "its removal has begun and not ended"
        : `it is idle and the program no longer wants it as ${typeName}`,
      disruption: "none",
    };
  });
}

/** Records of ours whose vGPU is neither declared nor there: what a crash, or a reboot without our boot unit, left. */
export function forgetSteps(context: VgpuContext): Step[] {
  const { self, facts } = context;
  return facts.manifest.vgpus
    .filter((record) => isLeftover(record, self, context) && findLive(record.uuid, facts) === null)
    .map((record) => ({
      kind: "forget-vgpu",
      vgpu: { ...placed(context, record.parent, self), uuid: record.uuid, name: record.name },
      target: `${self.host} ${record.name}`,
      cause: "it is noted, not there, and not declared",
      disruption: "none",
    }));
}
