import type { GpuInterface, Holder } from "../../../provider/model/facts.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { gpuAddress } from "./facts.js";
import { converged, functionOf, typeNamed, typesOf, type World } from "./vgpu-world.js";

/** The three ways in which hosts make vGPUs. */
export const interfaces: readonly GpuInterface[] = ["mdev-on-pf", "mdev-on-vf", "vendor-vfio"];

/** The owner of everything that the tests declare. */
export const owner = "shop/dev";

/** UUID of the vGPU with this number, or of one with another beginning. */
export function uuidOf(number: number, kind = "d"): string {
  return `${kind.repeat(8)}-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** A declared vGPU `desk-<number>` of a short type such as `"8Q"`. */
export function vgpuOf(number: number, type: string, changes: Partial<DesiredVgpu> = {}): DesiredVgpu {
  return {
    uuid: uuidOf(number),
    name: `desk-${number}`,
    owner,
    host: "gpu-01",
    carrierKind: "gpu",
    carrier: gpuAddress,
    type,
    keep: false,
    ...changes,
  };
}

/** Declared vGPUs of one type for the GPU of a world, with numbers from `first`. */
export function vgpusOf(world: World, type: string, { count, first = 1 }: { count: number; first?: number }) {
  const gpu = world.gpus[gpuAddress];
  const name = gpu === undefined ? type : (typeNamed(gpu, type).split(" ").at(-1) ?? type);
  return Array.from({ length: count }, (_, index) => vgpuOf(first + index, name));
}

/** Returns the world in which these vGPUs were made by earlier runs. */
export function worldWith(world: World, declared: readonly DesiredVgpu[]): World {
  let after = world;
  for (const self of declared) {
    const outcome = converged(self, declared, after);
    if (outcome.refusals.length > 0) throw new Error(JSON.stringify(outcome.refusals));
    after = outcome.world;
  }
  return after;
}

/** Returns the world with a vGPU that nobody recorded, on the last free place. */
export function withForeign(
  world: World,
  type: string,
  changes: { uuid?: string; gpu?: string } = {},
): World {
  const address = changes.gpu ?? gpuAddress;
  const gpu = world.gpus[address];
  if (gpu === undefined) throw new Error("no such GPU");
  const taken = world.live.filter((vgpu) => vgpu.gpu === address).map((vgpu) => vgpu.parent);
  const places =
    gpu.vgpuInterface === "mdev-on-pf"
      ? [address]
      : Array.from({ length: gpu.vfCount }, (_, index) => functionOf(address, index)).filter(
          (place) => !taken.includes(place),
        );
  const typeName = typeNamed(gpu, type);
  const vgpuTypeId = typesOf(gpu).find(({ name }) => name === typeName)?.vgpuTypeId ?? 0;
  const mdevUuid = changes.uuid ?? uuidOf(world.live.length, "f");
  const live = { mdevUuid, gpu: address, parent: places.at(-1) ?? "", typeName, vgpuTypeId, holders: [] };
  return { ...world, live: [...world.live, live] };
}

/** Returns the world in which a VM holds the vGPU. */
export function withHolder(
  world: World,
  uuid: string,
  holder: Holder = { pid: 4711, domainName: "vm-1" },
): World {
  const live = world.live.map((vgpu) => (vgpu.mdevUuid === uuid ? { ...vgpu, holders: [holder] } : vgpu));
  return { ...world, live };
}

/** What is live, as `name type` where the manifest knows it, sorted. */
export function liveTexts(world: World): string[] {
  return world.live
    .map(({ mdevUuid, typeName }) => {
      const record = world.records.find(({ uuid }) => uuid === mdevUuid);
      return `${record?.name ?? "foreign"} ${typeName?.split("-").at(-1)}`;
    })
    .sort();
}
