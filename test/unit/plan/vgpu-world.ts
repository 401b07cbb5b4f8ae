import type {
  GpuFacts,
  GpuInterface,
  HostFacts,
  LiveVgpu,
  OfferedType,
} from "../../../provider/model/facts.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import type { Step } from "../../../provider/plan/steps.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, gpuAddress, gpuFacts, hostFacts, vfAddress } from "./facts.js";

/** A GPU of 48 GiB whose types are named after an A40, or after a legacy board. */
export interface GpuWorld {
  readonly vgpuInterface: GpuInterface;
  readonly vfCount: number;
  /** By index, what virtual functions are bound to that do not have the driver nvidia. */
  readonly astray: Readonly<Record<number, string | null>>;
}

/** A vGPU of the tests: what is there, and what the manifest says of it. */
export interface World {
  readonly gpus: Readonly<Record<string, GpuWorld>>;
  readonly live: readonly (LiveVgpu & { readonly gpu: string })[];
  readonly records: HostFacts["manifest"]["vgpus"];
  readonly definitions: HostFacts["mdevDefinitions"];
  readonly hasMdevctl: boolean;
  /** Whether nvidia-smi names the types that are in use. */
  readonly hasSmi: boolean;
}

const sizes = [4, 8, 16, 48];

/** The types of a GPU of the tests. */
export function typesOf(gpu: GpuWorld): OfferedType[] {
  const prefix = gpu.vgpuInterface === "mdev-on-pf" ? "GRID RTX8000" : "NVIDIA A40";
  const first = gpu.vgpuInterface === "mdev-on-pf" ? 267 : 560;
  return sizes.flatMap((size, index) =>
    ["Q", "C"].map((series, offset) => ({
      vgpuTypeId: first + 2 * index + 20 * offset,
      name: `${prefix}-${size}${series}`,
      framebufferMiB: size * 1024,
      maxInstances: 48 / size,
      available: null,
    })),
  );
}

/** Returns the name of a type of this GPU, e.g. of `"8Q"`. */
export function typeNamed(gpu: GpuWorld, type: string): string {
  return typesOf(gpu).find(({ name }) => name.endsWith(`-${type}`))?.name ?? type;
}

/** A host with one GPU of this interface and no vGPU. */
export function emptyWorld(vgpuInterface: GpuInterface, changes: Partial<World> = {}): World {
  return {
    gpus: { [gpuAddress]: { vgpuInterface, vfCount: 16, astray: {} } },
    live: [],
    records: [],
    definitions: [],
    hasMdevctl: true,
    hasSmi: true,
    ...changes,
  };
}

/** What observing the host gives. */
export function factsOf(world: World): HostFacts {
  return hostFacts({
    tools: new Set(world.hasMdevctl ? ["mdevctl"] : []),
    gpus: Object.entries(world.gpus).map(([address, gpu]) => gpuOf(address, gpu, world)),
    mdevDefinitions: world.definitions,
    manifest: { owner: "shop/dev/gpu-01", vgpus: world.records },
  });
}

function gpuOf(address: string, gpu: GpuWorld, world: World): GpuFacts {
  const vendor = gpu.vgpuInterface === "vendor-vfio";
  const live = world.live.filter((vgpu) => vgpu.gpu === address);
  const offered = offeredNow(gpu, live, world.hasSmi);
  const vfs = gpu.vgpuInterface === "mdev-on-pf" ? 0 : gpu.vfCount;
  return gpuFacts({
    address,
    driver: "nvidia",
    totalVfs: vfs,
    virtualFunctions: Array.from({ length: vfs }, (_, vfIndex) => ({
      vfAddress: functionOf(address, vfIndex),
      vfIndex,
      driver: vfIndex in gpu.astray ? (gpu.astray[vfIndex] ?? null) : "nvidia",
    })),
    vgpuInterface: gpu.vgpuInterface,
    absence: null,
    offeredTypes: offered,
    allTypesKnown: !vendor || live.length === 0 || world.hasSmi,
    vgpus: live.map(({ gpu: _gpu, ...vgpu }) => ({
      ...vgpu,
      mdevUuid: vendor ? null : vgpu.mdevUuid,
      typeName: offered.some((type) => type.vgpuTypeId === vgpu.vgpuTypeId) ? vgpu.typeName : null,
    })),
  });
}

/** Address of a GPU's virtual function. */
export function functionOf(address: string, vfIndex: number): string {
  return vfAddress(vfIndex).replace(gpuAddress.slice(0, 7), address.slice(0, 7));
}

/** The list shrinks by what is there on vendor-specific VFIO, unless nvidia-smi tells the rest. */
function offeredNow(gpu: GpuWorld, live: World["live"], hasSmi: boolean): OfferedType[] {
  const size = typesOf(gpu).find((type) => type.vgpuTypeId === live[0]?.vgpuTypeId)?.framebufferMiB;
  const types = typesOf(gpu).map((type) => {
    const fits = live.length === 0 || type.framebufferMiB === size;
    return { ...type, available: fits ? Math.max(0, (type.maxInstances ?? 0) - live.length) : 0 };
  });
  if (gpu.vgpuInterface !== "vendor-vfio" || live.length === 0 || hasSmi) return types;
  return types
    .filter(({ available }) => available > 0)
    .map((type) => ({ ...type, framebufferMiB: null, maxInstances: null }));
}

/** Returns the host after one step; throws where a real one would fail or lose what is not ours. */
export function worldAfter(step: Step, world: World): World {
  if (!("vgpu" in step)) throw new Error(`no step on a vGPU: ${step.kind}`);
  const { vgpu } = step;
  const others = world.records.filter((record) => record.uuid !== vgpu.uuid);
  const { uuid, owner, name, carrier, parent, typeName, keep } = vgpu;
  const record = {
    uuid,
    owner,
    name,
    carrier,
    parent,
    typeName,
    keep,
    state: "done",
    adopted: false,
  } as const;
  switch (step.kind) {
    case "forget-vgpu":
      return { ...world, records: others };
    case "record-vgpu":
      return { ...world, records: [...others, { ...record, adopted: true }] };
    case "retire-vgpu":
      return retired(step.vgpu, { ...world, records: others });
    case "make-vgpu":
      return made(step.vgpu, { ...world, records: [...others, record] });
  }
}

type Placed = Extract<Step, { kind: "make-vgpu" }>["vgpu"];

function isThis(vgpu: Placed) {
  const vendor = vgpu.vgpuInterface === "vendor-vfio";
  return (live: World["live"][number]) =>
    vendor ? live.gpu === vgpu.carrier && live.parent === vgpu.parent : live.mdevUuid === vgpu.uuid;
}

function retired(vgpu: Placed, world: World): World {
  const target = world.live.find(isThis(vgpu));
  if (target !== undefined && target.holders.length > 0) throw new Error(`a VM holds ${target.mdevUuid}`);
  return {
    ...world,
    live: world.live.filter((live) => live !== target),
    definitions: world.definitions.filter((definition) => definition.mdevUuid !== vgpu.uuid),
  };
}

function made(vgpu: Placed, world: World): World {
  const gpu = world.gpus[vgpu.carrier];
  const type = gpu && typesOf(gpu).find((candidate) => candidate.name === vgpu.typeName);
  if (gpu === undefined || type === undefined) throw new Error(`no such type there: ${vgpu.typeName}`);
  const definition = { mdevUuid: vgpu.uuid, parent: vgpu.parent, mdevType: `nvidia-${type.vgpuTypeId}` };
  const definitions =
    world.hasMdevctl && vgpu.vgpuInterface !== "vendor-vfio"
      ? [
          ...world.definitions.filter((known) => known.mdevUuid !== vgpu.uuid),
          { ...definition, start: "manual" as const },
        ]
      : world.definitions;
  const existing = world.live.find(isThis(vgpu));
  if (existing !== undefined) {
    if (existing.typeName !== vgpu.typeName) throw new Error(`it exists as ${existing.typeName}`);
    return { ...world, definitions };
  }
  refuseLikeTheDriver(vgpu, { world, gpu, type });
  const { carrier: address, parent, typeName } = vgpu;
  const live = {
    mdevUuid: vgpu.uuid,
    gpu: address,
    parent,
    typeName,
    vgpuTypeId: type.vgpuTypeId,
    holders: [],
  };
  return { ...world, definitions, live: [...world.live, live] };
}

function refuseLikeTheDriver(
  vgpu: Placed,
  { world, gpu, type }: { readonly world: World; readonly gpu: GpuWorld; readonly type: OfferedType },
): void {
  const neighbours = world.live.filter((live) => live.gpu === vgpu.carrier);
  const sizeOf = (name: string | null) => typesOf(gpu).find((one) => one.name === name)?.framebufferMiB;
  if (neighbours.some((live) => sizeOf(live.typeName) !== type.framebufferMiB))
    throw new Error("another size is on the GPU");
  if (neighbours.length >= (type.maxInstances ?? 0)) throw new Error("the GPU is full");
  if (gpu.vgpuInterface === "mdev-on-pf") return;
  if (neighbours.some((live) => live.parent === vgpu.parent)) throw new Error(`${vgpu.parent} is taken`);
  const bound = Array.from({ length: gpu.vfCount }, (_, vfIndex) => vfIndex).filter(
    (vfIndex) => !(vfIndex in gpu.astray),
  );
  if (!bound.some((vfIndex) => functionOf(vgpu.carrier, vfIndex) === vgpu.parent))
    throw new Error(`${vgpu.parent} is no bound virtual function`);
}

/** What one resource's convergence did. */
export interface Outcome {
  readonly world: World;
  readonly refusals: readonly { readonly code: string }[];
}

/** Converges one vGPU as its resource does: plan, apply all of it, look again. */
export function converged(self: DesiredVgpu, declared: readonly DesiredVgpu[], world: World): Outcome {
  const beside = declared.filter(({ carrier }) => carrier === self.carrier);
  return carriedOut(world, (facts) => planVgpu({ self, declared: beside, bootFiles }, hadBy(self, facts)));
}

/** The stack that makes vGPUs has the host then. */
function hadBy(self: DesiredVgpu, facts: HostFacts): HostFacts {
  return { ...facts, manifest: { ...facts.manifest, owner: `${self.owner}/gpu-01` } };
}

/** Removes one as its resource does. */
export function removed(self: DesiredVgpu, world: World): Outcome {
  return carriedOut(world, (facts) => planVgpuRemoval(self, facts));
}

function carriedOut(first: World, plan: (facts: HostFacts) => ReturnType<typeof planVgpu>): Outcome {
  for (let [world, round] = [first, 0]; round < 4; round++) {
    const { steps, refusals } = plan(factsOf(world));
    if (refusals.length > 0) {
      if (steps.length > 0) throw new Error("steps beside a refusal");
      return { world, refusals };
    }
    if (steps.length === 0) return { world, refusals: [] };
    for (const step of steps) world = worldAfter(step, world);
  }
  throw new Error("no end");
}
