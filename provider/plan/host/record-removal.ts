import type { HostFacts, VgpuInterface, VgpuRecord } from "../../model/facts.js";
import { parsePciAddress } from "../../model/pci-address.js";
import type { DesiredHost } from "../desired.js";
import { stackOf } from "../identity/vgpu-host.js";
import type { Step } from "../steps.js";
import { carrierName, carriersOf } from "../vgpu/carrier.js";
import { numberSeen } from "../vgpu/vgpu-steps.js";
import { findLive, type KnownVgpu } from "../vgpu/vgpu-view.js";

/**
 * Returns what takes away the records of vGPUs that must not outlive the host's owner: all of its stack, whose resources are
 * gone by then, and those of any other stack whose vGPU is not there. Nobody else would ever take them away, and the next
 * owner's boot unit must find nothing. An idle vGPU that this stack made goes, too: no resource has it any more. Any other
 * live one stays; that of another stack with its record.
 */
export function recordRemovalSteps({ name, owner }: DesiredHost, facts: HostFacts): Step[] {
  const stack = stackOf(owner);
  return facts.manifest.vgpus.flatMap((record): Step[] => {
    const live = findLive(record.uuid, facts);
    const isLive = live !== null;
    if (record.owner !== stack && isLive) return [];
    const vgpuInterface = interfaceOf(record, facts);
    const hasDefinition =
      record.owner === stack && !record.adopted && !isLive && vgpuInterface !== "vendor-vfio";
    const isOrphan = isLive && isOrphanOf(stack, live.known);
    const { uuid, carrier, parent, typeName } = record;
    return [
      {
        kind: hasDefinition || isOrphan ? "retire-vgpu" : "forget-vgpu",
        vgpu: {
          ...{ uuid, vgpuInterface, carrier, parent, typeName },
          vgpuTypeId: live === null ? null : numberSeen(live.known),
          ...{ owner: record.owner, name: record.name, keep: false },
        },
        target: `${name} ${record.name}`,
        cause: isOrphan
          ? "it is idle, and no resource has it any more"
          : isLive
            ? "it stays, and nobody manages it any more"
            : `it is noted for ${record.owner}, and not there`,
        disruption: "none",
      },
    ];
  });
}

/** Whether a live vGPU was made by a stack, is kept by nothing, and used by no VM: it goes when the stack lets the host go. */
export function isOrphanOf(stack: string, { record, live }: KnownVgpu): boolean {
  if (record === null || record.owner !== stack || record.adopted || record.keep) return false;
  return live.holders.length === 0 && !live.removing;
}

/** How a recorded vGPU is made; where its carrier is gone its place says enough: all mdevs are taken away alike. */
function interfaceOf({ carrier, parent }: VgpuRecord, facts: HostFacts): VgpuInterface {
  const found = carriersOf(facts).find((candidate) => carrierName(candidate) === carrier);
  if (found !== undefined && found.vgpuInterface !== null) return found.vgpuInterface;
  if (parsePciAddress(parent) === undefined) return "mdev-on-parent";
  return parent === carrier ? "mdev-on-pf" : "mdev-on-vf";
}
