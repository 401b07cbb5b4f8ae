import { nearestTypes } from "../../catalog/nearest-types.js";
import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts, HostFacts } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";
import type { PlacedVgpu } from "../steps.js";
import { typeKey } from "./carrier.js";
import { typesOn } from "./types-on-gpu.js";
import { isOfStack } from "./vgpu-names.js";
import { type KnownVgpu, vgpuText } from "./vgpu-view.js";

/** Returns which vGPU a refusal is about, e.g. `"gpu-01 0000:3b:00.0 desk-1"`. */
export function place(self: DesiredVgpu): string {
  return `${self.host} ${self.carrier} ${self.name}`;
}

/** The GPU is not in the host. */
export function noGpuRefusal(self: DesiredVgpu, facts: HostFacts): ErrorParts {
  const found = facts.gpus.map((gpu) => `${gpu.address} (${gpu.deviceId})`).join(", ");
  return {
    code: "VGPU_NO_SUCH_GPU",
    where: place(self),
    what: `cannot make ${self.type}`,
    saw: found === "" ? "no NVIDIA GPU in the host" : `NVIDIA GPUs at ${found}`,
    expected: `a GPU at ${self.carrier}`,
    next: "declare the address of a physical function, as lspci -D prints it",
    property: "gpu",
  };
}

/** The GPU does not offer the type. */
export function typeRefusal(self: DesiredVgpu, gpu: GpuFacts): ErrorParts {
  const names = gpu.offeredTypes.map((type) => typeKey(type.name));
  const offered = nearestTypes(self.type, { names: typesOn(gpu) });
  const silent = gpu.allTypesKnown
    ? ""
    : " (those that there is room for beside the vGPUs that are there: nvidia-smi vgpu -s does not say the others)";
  return {
    code: "VGPU_UNKNOWN_TYPE",
    where: place(self),
    what: `the GPU offers no type ${self.type}`,
    saw: `${names.length > 0 ? `types ${names.join(", ")}` : (gpu.absence ?? "no types: the GPU is full")}${silent}`,
    expected: "one of the types that the host's driver offers on this GPU",
    next: otherType(self.type, offered),
    property: "type",
  };
}

/** A type that the catalog has for the board is no slip: something keeps the GPU from offering it. */
function otherType(type: string, near: readonly string[]): string {
  if (near.some((name) => typeKey(name) === typeKey(type)))
    return "it is a type of this board: on the host, see why it is not offered: systemctl status nvidia-vgpud, journalctl -u nvidia-vgpud -u nvidia-vgpu-mgr, dmesg | grep NVRM";
  return near.length > 0 ? `did you mean ${near.join(" or ")}?` : "declare one of these types";
}

/** What would have to go is none of the run's targets. */
export function untargetedRefusal(self: DesiredVgpu, others: readonly PlacedVgpu[]): ErrorParts {
  const texts = others.map(({ name, typeName }) => `${name} (${typeName})`);
  const flags = others.map(({ name }) => `--target '**MdevDevice::${name}'`);
  return {
    code: "VGPU_PREREQUISITE",
    where: place(self),
    what: `${self.type} needs the room of vGPUs that this run is not about`,
    saw: `${texts.sort().join(", ")} in its way; they are no targets of the run (its --target or --exclude)`,
    expected: "a run that is about all that it retires, so that it makes them again as the program has them",
    next: `run without --target and --exclude; or with ${flags.sort().join(" ")} too`,
  };
}

/** A VM holds what would have to go. */
export function inUseRefusal(self: DesiredVgpu, vgpu: KnownVgpu): ErrorParts {
  const users = vgpu.live.holders
    .map((holder) => `${holder.domainName}${holder.pid > 0 ? ` (pid ${holder.pid})` : ""}`)
    .join(", ");
  if (vgpu.live.removing) return removingRefusal(self, vgpu, users);
  return {
    code: "VGPU_IN_USE",
    where: place(self),
    what: `cannot remove ${vgpuText(vgpu)}`,
    saw: `VM ${users} has its VFIO file open`,
    expected: "no VM uses a vGPU that is changed or removed",
    next: `shut ${vgpu.live.holders[0]?.domainName ?? "the VM"} down, run again`,
  };
}

/** Its removal has begun, and the kernel waits for a VM before it ends it. */
function removingRefusal(self: DesiredVgpu, vgpu: KnownVgpu, users: string): ErrorParts {
  return {
    code: "VGPU_IN_USE",
    where: place(self),
    what: `the removal of ${vgpuText(vgpu)} has not ended`,
    saw: `it waits in the kernel for VM ${users}, which came to use it in the moment of its removal`,
    expected: "the end of that VM: the removal ends by itself then",
    next: `shut ${vgpu.live.holders[0]?.domainName ?? "the VM"} down, run again`,
  };
}

/** It is on another GPU or parent, and the program keeps it there. */
export function keptElsewhereRefusal(self: DesiredVgpu, vgpu: KnownVgpu): ErrorParts {
  return {
    code: "VGPU_PREREQUISITE",
    where: place(self),
    what: `cannot move ${vgpuText(vgpu)}`,
    saw: `it is on ${vgpu.live.parent}, and the program protects or retains it`,
    expected: `no vGPU ${self.uuid} on another ${self.carrierKind === "gpu" ? "GPU" : "parent"}`,
    next: "take protect or retainOnDelete away in a run of its own, then move it; or declare another uuid",
    property: self.carrierKind,
  };
}

/** Returns why a vGPU in the way may not be touched at all; `null` when it may. */
export function inTheWayRefusal(self: DesiredVgpu, vgpu: KnownVgpu): ErrorParts | null {
  const own = vgpu.record?.uuid === self.uuid || vgpu.live.mdevUuid === self.uuid;
  if (own && vgpu.record === null) return foreignRefusal(self, vgpu);
  if (vgpu.live.holders.length > 0) return inUseRefusal(self, vgpu);
  return own && vgpu.record !== null && !isOfStack(vgpu.record, self) ? foreignRefusal(self, vgpu) : null;
}

/** Something of that identity exists and is not ours. */
export function foreignRefusal(self: DesiredVgpu, vgpu: KnownVgpu): ErrorParts {
  const owner =
    vgpu.record === null ? "nobody that the manifest knows" : `${vgpu.record.owner} ${vgpu.record.name}`;
  return {
    code: "VGPU_FOREIGN",
    where: place(self),
    what: `the vGPU ${self.uuid} exists and is not ours`,
    saw: `${vgpuText(vgpu)} on ${vgpu.live.parent}, made by ${owner}`,
    expected: `none with this UUID, or one of type ${self.type} on ${self.carrier}`,
    next: "declare another uuid, or remove that vGPU by hand if nobody needs it",
    property: "uuid",
  };
}

/** On vendor-specific VFIO its function carries another type than we made there. */
export function replacedByHandRefusal(self: DesiredVgpu, { live }: KnownVgpu): ErrorParts {
  const attribute = `/sys/bus/pci/devices/${live.parent}/nvidia/current_vgpu_type`;
  return {
    code: "VGPU_FOREIGN",
    where: place(self),
    what: "another vGPU is on the function that is noted for this one",
    saw: `${live.typeName} on ${live.parent} (${attribute}); /etc/pulumi-vgpu/vgpu/${self.uuid} notes another type there`,
    expected: "the vGPU that was made there, or none",
    next: `find out who made it; if nobody needs it, shut its VM down, then on the host: echo 0 > ${attribute}; run again`,
    property: "uuid",
  };
}

/** The GPU is full. */
export function capacityRefusal(
  { self, declared }: { readonly self: DesiredVgpu; readonly declared: readonly DesiredVgpu[] },
  same: readonly KnownVgpu[],
  most: number,
): ErrorParts {
  const live = `${same.length} vGPU${same.length === 1 ? "" : "s"} live: ${same.map(vgpuText).sort().join(", ") || "none"}`;
  const missing = declared.filter(({ uuid }) => !same.some((vgpu) => uuidOf(vgpu) === uuid));
  const names = missing.map(({ name }) => name).sort();
  return {
    code: "VGPU_CAPACITY",
    where: place(self),
    what: `no room for another ${self.type}`,
    saw: names.length > 1 ? `${live}; declared beside them: ${names.join(", ")}` : live,
    expected: `at most ${most} of this type on one GPU`,
    next: "remove one of them, choose another GPU, or a smaller type for all",
    property: "gpu",
  };
}

function uuidOf(vgpu: KnownVgpu): string | undefined {
  return vgpu.live.mdevUuid ?? vgpu.record?.uuid;
}

/** No virtual function is free. */
export function noPlaceRefusal(self: DesiredVgpu, gpu: GpuFacts): ErrorParts {
  const unbound = gpu.virtualFunctions.filter((vf) => vf.driver === null).length;
  const others = gpu.virtualFunctions.filter((vf) => vf.driver !== null && vf.driver !== "nvidia");
  const elsewhere = others.map((vf) => `${vf.vfAddress} bound to ${vf.driver}`);
  return {
    code: "VGPU_CAPACITY",
    where: place(self),
    what: `no free virtual function for ${self.type}`,
    saw: [
      `${gpu.virtualFunctions.length} virtual functions, ${gpu.vgpus.length} carry a vGPU, ${unbound} without a driver`,
      ...elsewhere,
    ].join(", "),
    expected: "a virtual function that is bound to the NVIDIA driver and carries no vGPU",
    next:
      unbound + others.length > 0
        ? "cycle the GPU's virtual functions when it is idle: sriov-manage -d, then -e"
        : "remove a vGPU of this GPU",
    property: "gpu",
  };
}
