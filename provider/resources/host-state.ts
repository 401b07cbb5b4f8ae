import { bootFileHashes } from "../apply/boot-unit.js";
import { findBoard } from "../catalog/boards.js";
import type { HostFacts } from "../model/facts.js";
import { nouveauBlocked } from "../plan/driver/driver-steps.js";
import { restoredAtBoot } from "../plan/host/boot-unit.js";
import { liveArguments, settingOutputs } from "../plan/host/gpu-settings.js";
import { lostHostHistory } from "../plan/identity/lost-history.js";
import type { VgpuHostInputs } from "../schema/inputs.js";
import { liveDriver } from "./driver-state.js";
import type { Properties } from "./lifecycle.js";

/**
 * Returns the declared properties as the live host has them, so that each drift shows under the name of its property.
 * What is as declared is returned in the declared words.
 */
export function liveHostInputs(inputs: VgpuHostInputs, facts: HostFacts): Properties {
  const lost = lostHostHistory(Object.keys(inputs.gpus), facts);
  const managed = facts.manifest.owner === `${inputs.owner}/${inputs.name}`;
  const live: Properties = {
    managed: lost === null ? managed : `no: ${lost}`,
    gpus: liveGpus(inputs, facts),
  };
  if (Object.keys(inputs.gpus).length > 0) live.restoredAtBoot = restoredAtBoot(facts, bootFileHashes());
  if (inputs.driver === undefined) return live;
  live.driver = liveDriver(inputs.driver, facts, "host");
  live.nouveau = facts.nouveauLoaded ? "loaded" : nouveauBlocked(facts) ? "blocked" : "not blocked";
  live.managerService = facts.services["nvidia-vgpu-mgr.service"]?.active ?? "absent";
  return live;
}

function liveGpus(inputs: VgpuHostInputs, facts: HostFacts): Record<string, object> {
  const live: Record<string, object> = {};
  for (const address of Object.keys(inputs.gpus)) {
    const gpu = facts.gpus.find((candidate) => candidate.address === address);
    live[address] = (gpu && liveArguments(inputs, gpu, facts)) ?? { usage: "absent" };
  }
  return live;
}

/** Returns the stable facts that a program may want of its host. */
export function observedHost(inputs: VgpuHostInputs, facts: HostFacts): Properties {
  const gpus = Object.keys(inputs.gpus).map((address) => {
    const gpu = facts.gpus.find((candidate) => candidate.address === address);
    const board = gpu && findBoard({ deviceId: gpu.deviceId, subsystemId: gpu.subsystemId });
    return [
      address,
      gpu && {
        board: board?.name ?? gpu.deviceId,
        vgpuInterface: gpu.vgpuInterface,
        ...settingOutputs(gpu),
      },
    ];
  });
  return {
    hostname: facts.hostname,
    os: facts.osName,
    managerVersion: facts.installedDriver,
    gpus: Object.fromEntries(gpus),
  };
}
