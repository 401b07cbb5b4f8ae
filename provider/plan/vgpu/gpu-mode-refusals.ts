import type { ErrorParts } from "../../model/errors.js";
import type { DesiredVgpu } from "../desired.js";
import { type KnownVgpu, vgpuText } from "./vgpu-view.js";

function place(self: DesiredVgpu): string {
  return `${self.host} ${self.carrier} ${self.name}`;
}

/** A MIG-backed vGPU beside a time-sliced one: none of our steps changes the GPU's MIG mode. */
export function sharingRefusal(self: DesiredVgpu, vgpu: KnownVgpu, migBacked: boolean): ErrorParts {
  const [wanted, there] = migBacked ? ["MIG-backed", "time-sliced"] : ["time-sliced", "MIG-backed"];
  return {
    code: "VGPU_SIZE_CONFLICT",
    where: place(self),
    what: `cannot make ${self.type}, which is ${wanted}, on a GPU with ${there} vGPUs`,
    saw: `${vgpuText(vgpu)} on ${vgpu.live.parent}: the GPU's MIG mode is ${migBacked ? "off" : "on"}`,
    expected: `a GPU whose MIG mode is ${migBacked ? "on" : "off"}`,
    next: `remove the ${there} vGPUs, turn the MIG mode ${migBacked ? "on and make GPU instances" : "off"} by hand, run again; or choose a ${there} type`,
    property: "type",
  };
}

/** The GPU knows the type, and takes none of it. */
export function notAvailableRefusal(
  self: DesiredVgpu,
  typeName: string,
  known: readonly KnownVgpu[] = [],
): ErrorParts {
  return {
    code: "VGPU_CAPACITY",
    where: place(self),
    what: `the GPU takes no ${self.type} now`,
    saw: `no instance of ${typeName} is available; live: ${known.map(vgpuText).sort().join(", ") || "none"}`,
    expected: "an available instance of the type (available_instances, creatable_vgpu_types)",
    next: "look at the GPU's MIG mode and its GPU instances: nvidia-smi -q, nvidia-smi mig -lgi",
    property: "type",
  };
}

/** Something would have to go for it, and nothing says how many of it there is room for then. */
export function unknownRoomRefusal(self: DesiredVgpu, typeName: string): ErrorParts {
  return {
    code: "VGPU_PREREQUISITE",
    where: place(self),
    what: `nothing is retired for ${self.type}: nobody says how much room it takes`,
    saw: `no framebuffer size or number of instances of ${typeName}, from the host or in the catalog`,
    expected: "both, before vGPUs that are in its way go",
    next: `see why nvidia-smi vgpu -s -v -i ${self.carrier} does not say it; or remove what is in the way by hand`,
    property: "type",
  };
}
