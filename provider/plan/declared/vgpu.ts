import { nearestTypes } from "../../catalog/nearest-types.js";
import { parsePciAddress } from "../../model/pci-address.js";
import { parseVgpuTypeName } from "../../model/vgpu-type.js";
import { malformedAddress } from "./host.js";
import {
  byResource,
  compareText,
  type DeclaredHost,
  type DeclaredOnGpu,
  type DeclaredOnParent,
  type DeclaredVgpu,
  groupsOf,
  isOnGpu,
  type Refusal,
  refusal,
} from "./program.js";

/** Returns the names of the types of a vGPU's GPU; `undefined` where nobody could be asked. */
export type TypesOn = (vgpu: DeclaredOnGpu) => readonly string[] | undefined;

/** Returns what is wrong with one vGPU by itself and in its host; `host` is `null` when the program does not show it. */
export function checkVgpu(
  vgpu: DeclaredVgpu,
  host: DeclaredHost | null,
  typesOn: TypesOn = () => undefined,
): Refusal[] {
  const refusals = isOnGpu(vgpu)
    ? [typeRefusal(vgpu, typesOn), gpuRefusal(vgpu, host)]
    : [parentRefusal(vgpu, host)];
  return refusals.filter((one) => one !== undefined);
}

function typeRefusal(vgpu: DeclaredOnGpu, typesOn: TypesOn): Refusal | undefined {
  const { resource, type } = vgpu;
  if (parseVgpuTypeName(type) !== null) return undefined;
  const isId = /^nvidia-\d+$/i.test(type.trim());
  return refusal(resource, {
    code: "VGPU_UNKNOWN_TYPE",
    property: "type",
    what: `"${type}" is not the name of a vGPU type`,
    saw: isId ? `type "${type}", a number that changes between driver releases` : `type "${type}"`,
    expected:
      'GPU, GB and series (A, B, C or Q), such as "A40-8Q"; MIG-backed with slices, such as "A100-1-5C"',
    next: typeOffer(type, typesOn(vgpu)),
  });
}

/** Returns what to declare in place of a mistyped type; `names` are the types of its GPU, where its host could be asked. */
export function typeOffer(type: string, names: readonly string[] | undefined): string {
  const offers = nearestTypes(type, names === undefined ? {} : { names });
  if (offers.length === 0) return "declare a type of the GPU: on its host nvidia-smi vgpu -s lists them";
  const listed = offers.map((offer) => `"${offer}"`).join(", ");
  return `did you mean ${listed}${names === undefined ? "" : " (types of this GPU)"}?`;
}

function gpuRefusal({ resource, gpu }: DeclaredOnGpu, host: DeclaredHost | null): Refusal | undefined {
  const address = parsePciAddress(gpu);
  if (address === undefined) return malformedAddress(resource, "gpu", gpu);
  if (host === null || host.gpus === null) return undefined;
  const declared = Object.keys(host.gpus)
    .map((key) => parsePciAddress(key) ?? key)
    .toSorted(compareText);
  if (declared.includes(address)) return undefined;
  return refusal(resource, {
    code: "VGPU_INPUT",
    property: "gpu",
    where: `${resource} on ${host.resource}`,
    what: `GPU ${address} is not declared in its host`,
    saw:
      declared.length === 0
        ? `no gpus in "${host.resource}"`
        : `gpus ${declared.join(", ")} in "${host.resource}"`,
    expected: "a GPU that the VgpuHost declares: others are never touched",
    next: `add "${address}": { usage: "vgpu" } to gpus of "${host.resource}", or correct gpu`,
  });
}

/** Which parents there are only the host knows; but a GPU that it declares is none of them. */
function parentRefusal(
  { resource, parent, mdevType }: DeclaredOnParent,
  host: DeclaredHost | null,
): Refusal | undefined {
  const address = parsePciAddress(parent);
  const gpus = Object.keys(host?.gpus ?? {}).map((gpu) => parsePciAddress(gpu));
  if (address === undefined || !gpus.includes(address)) return undefined;
  return refusal(resource, {
    code: "VGPU_INPUT",
    property: "parent",
    where: `${resource} on ${host?.resource}`,
    what: `${address} is an NVIDIA GPU of its host`,
    saw: `parent "${parent}", mdevType "${mdevType}"`,
    expected:
      "gpu and type for a vGPU of an NVIDIA GPU: the number in its mdev type changes between driver releases",
    next: `give gpu: "${address}" and type, such as "A40-8Q", in place of parent and mdevType`,
  });
}

/** Returns the vGPUs of one machine that have one UUID, each conflict once. `machineOf` tells the machine of a vGPU. */
export function vgpuClaims(
  vgpus: readonly DeclaredVgpu[],
  machineOf: (vgpu: DeclaredVgpu) => string,
): Refusal[] {
  const named = byResource(vgpus).filter((vgpu) => vgpu.uuid !== "");
  const groups = groupsOf(named, (vgpu) => `${machineOf(vgpu)} ${vgpu.uuid.toLowerCase()}`);
  return [...groups.values()].flatMap((claimants) => {
    const [first, ...others] = claimants;
    if (first === undefined || others.length === 0) return [];
    return refusal(first.resource, {
      code: "VGPU_CLAIM_CONFLICT",
      property: "uuid",
      where: `${first.host} ${first.uuid.toLowerCase()}`,
      what: `${claimants.length} MdevDevice resources claim one vGPU`,
      saw: claimants.map((vgpu) => vgpu.resource).join(", "),
      expected: "one MdevDevice for each UUID",
      next: "leave uuid out of all but one: it is made from the resource's name",
    });
  });
}
