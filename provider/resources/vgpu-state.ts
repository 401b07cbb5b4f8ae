import { bootFileHashes } from "../apply/boot-unit.js";
import type { Connection } from "../model/connection.js";
import type { ErrorParts } from "../model/errors.js";
import type { HostFacts, LiveVgpu, MdevParentFacts } from "../model/facts.js";
import type { DesiredVgpu } from "../plan/desired.js";
import { restoredAtBoot } from "../plan/host/boot-unit.js";
import { leftElsewhere, otherMachineRefusal, saysWhichItIs } from "../plan/identity/same-machine.js";
import { unclaimedHostRefusal } from "../plan/identity/vgpu-host.js";
import { startsByItself } from "../plan/vgpu/autostart.js";
import { type Carrier, isGpu, typeKey } from "../plan/vgpu/carrier.js";
import { definedManually } from "../plan/vgpu/plan-vgpu.js";
import { findLive } from "../plan/vgpu/vgpu-view.js";
import type { MdevDeviceInputs } from "../schema/inputs.js";
import { mdevDeviceKeys } from "../schema/mdev-device.js";
import { type Properties, pick } from "./lifecycle.js";
import { declarationOf } from "./vgpu-request.js";

/** Returns what is told of a vGPU that is stored for another machine than the one that answers; `null` when it is the same. */
export function elsewhereText({ machineId }: Properties, facts: HostFacts): string | null {
  const differs = typeof machineId === "string" && saysWhichItIs(facts) && facts.machineId !== machineId;
  return differs ? leftElsewhere(facts, machineId) : null;
}

/**
 * Whether the declared host is another machine, and not only another address of the one that has the vGPU. States of
 * older versions do not say which machine has it.
 */
export function movedAway(inputs: MdevDeviceInputs, olds: Properties, facts: HostFacts): boolean {
  if (typeof olds.machineId === "string") return elsewhereText(olds, facts) !== null;
  const before = olds.connection as Connection;
  const now = inputs.connection;
  if (before.host === now.host && (before.port ?? 22) === (now.port ?? 22)) return false;
  return (
    !facts.manifest.vgpus.some((record) => record.uuid === inputs.uuid) &&
    findLive(inputs.uuid, facts) === null
  );
}

/** Returns why a vGPU is not made here: this is not the machine that has it, or nobody manages it. */
export function wrongHostRefusal(
  self: DesiredVgpu,
  { machineId }: Properties,
  facts: HostFacts,
): ErrorParts | null {
  if (typeof machineId === "string" && facts.machineId !== machineId)
    return otherMachineRefusal(`${self.host} ${self.name}`, facts, machineId);
  return unclaimedHostRefusal(self, facts);
}

/** Returns the declared properties as the live vGPU has them; `null` when it is not there. */
export function liveVgpuInputs(inputs: MdevDeviceInputs, facts: HostFacts): Properties | null {
  const found = findLive(inputs.uuid, facts);
  if (found === null || found.known.live.removing) return null;
  const { live, record } = found.known;
  const name = live.typeName ?? `type number ${live.vgpuTypeId}`;
  const autostarts = record === null && startsByItself(inputs.uuid, facts);
  const ours = record?.state === "done" && typeKey(record.typeName) === typeKey(name);
  return {
    ...liveDeclaration(inputs, found.carrier, name),
    defined: autostarts || record?.adopted === true || definedManually(inputs.uuid, found.carrier, facts),
    restoredAtBoot: autostarts || (ours && restoredAtBoot(facts, bootFileHashes())),
  };
}

/** What carries it and as what, in the words of the form that this has; a type that is as declared in the declared words. */
function liveDeclaration(inputs: MdevDeviceInputs, carrier: Carrier, typeName: string): Properties {
  if (!isGpu(carrier)) return { parent: carrier.name, mdevType: typeName };
  const { type } = declarationOf(inputs);
  return { gpu: carrier.address, type: typeKey(typeName) === typeKey(type) ? type : typeName };
}

/** Returns what is stored of a vGPU; `null` when it is not there. */
export function vgpuOutputs(inputs: MdevDeviceInputs, facts: HostFacts): Properties | null {
  const live = liveVgpuInputs(inputs, facts);
  const found = findLive(inputs.uuid, facts);
  if (live === null || found === null) return null;
  const { carrier, known } = found;
  const others = mdevDeviceKeys(inputs).filter((key) => !["gpu", "type", "parent", "mdevType"].includes(key));
  const declared = pick(inputs as unknown as Properties, others);
  const { machineId } = facts;
  const place = { vgpuInterface: carrier.vgpuInterface, parent: known.live.parent, machineId };
  return { ...declared, ...live, ...place, ...(isGpu(carrier) ? {} : deviceApiOf(carrier, known.live)) };
}

/** Only where it is not always vfio-pci: a VM's hostdev needs it. */
function deviceApiOf({ types }: MdevParentFacts, { typeName }: LiveVgpu): Properties {
  const type = types.find(({ mdevType }) => mdevType === typeName);
  return type === undefined ? {} : { deviceApi: type.deviceApi };
}
