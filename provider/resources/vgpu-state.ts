import { bootFileHashes } from "../apply/boot-unit.js";
import type { Connection } from "../model/connection.js";
import type { HostFacts } from "../model/facts.js";
import { restoredAtBoot } from "../plan/host.js";
import { definedManually } from "../plan/vgpu.js";
import { findLive, typeKey } from "../plan/vgpu-view.js";
import { type MdevDeviceInputs, mdevDeviceSchema } from "../schema/inputs.js";
import { type Properties, pick } from "./lifecycle.js";

/** The declared properties of a vGPU. */
export const vgpuInputKeys = Object.keys(mdevDeviceSchema.shape);

/** Whether the declared host is another machine, and not only another address of the one that has the vGPU. */
export function movedAway(inputs: MdevDeviceInputs, olds: Properties, facts: HostFacts): boolean {
  const before = olds.connection as Connection;
  const now = inputs.connection;
  if (before.host === now.host && (before.port ?? 22) === (now.port ?? 22)) return false;
  return (
    !facts.manifest.vgpus.some((record) => record.uuid === inputs.uuid) &&
    findLive(inputs.uuid, facts) === null
  );
}

/** Returns the declared properties as the live vGPU has them; `null` when it is not there. */
export function liveVgpuInputs(inputs: MdevDeviceInputs, facts: HostFacts): Properties | null {
  const found = findLive(inputs.uuid, facts);
  if (found === null) return null;
  const { live, record } = found.known;
  const name = live.typeName ?? `type number ${live.vgpuTypeId}`;
  const definition = facts.mdevDefinitions.find((candidate) => candidate.mdevUuid === inputs.uuid);
  const autostarts = record === null && definition?.start === "auto";
  const ours = record?.state === "done" && typeKey(record.typeName) === typeKey(name);
  return {
    gpu: found.gpu.address,
    type: typeKey(name) === typeKey(inputs.type) ? inputs.type : name,
    defined: autostarts || record?.adopted === true || definedManually(inputs.uuid, found.gpu, facts),
    restoredAtBoot: autostarts || (ours && restoredAtBoot(facts, bootFileHashes())),
  };
}

/** Returns what is stored of a vGPU; `null` when it is not there. */
export function vgpuOutputs(inputs: MdevDeviceInputs, facts: HostFacts): Properties | null {
  const live = liveVgpuInputs(inputs, facts);
  const found = findLive(inputs.uuid, facts);
  if (live === null || found === null) return null;
  const declared = pick(inputs as unknown as Properties, vgpuInputKeys);
  return { ...declared, ...live, vgpuInterface: found.gpu.vgpuInterface, parent: found.known.live.parent };
}
