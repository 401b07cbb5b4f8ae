import type { HostFacts, LiveVgpu, VgpuRecord } from "../../../provider/model/facts.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import type { Plan, Step } from "../../../provider/plan/steps.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, hostFacts, serviceOf } from "./facts.js";
import { owner, uuidOf } from "./vgpus.js";

/** A host with a parent whose two types share a few ports, and without GPUs. */
export interface ParentWorld {
  /** What the names of the types begin with. */
  readonly driver: string;
  readonly ports: number;
  readonly live: readonly LiveVgpu[];
  readonly records: readonly VgpuRecord[];
  readonly bootUnit: boolean;
}

/** A type's number says how many ports one of it takes. */
function portsOf(typeName: string | null): number {
  return Number(typeName?.split("-")[1] ?? 0);
}

/** A host with nothing on its parent and our boot unit. */
export function emptyParent(ports: number, driver = "mtty"): ParentWorld {
  return { driver, ports, live: [], records: [], bootUnit: true };
}

function freePorts({ ports, live }: ParentWorld): number {
  return live.reduce((left, { typeName }) => left - portsOf(typeName), ports);
}

/** What observing the host gives. */
export function parentFacts(world: ParentWorld): HostFacts {
  const types = [1, 2].map((ports) => ({
    mdevType: `${world.driver}-${ports}`,
    name: ports === 1 ? "Single port serial" : "Dual port serial",
    description: null,
    deviceApi: "vfio-pci",
    availableInstances: Math.floor(freePorts(world) / ports),
  }));
  return hostFacts({
    iommuUnits: [],
    mdevParents: [{ name: "mtty", vgpuInterface: "mdev-on-parent", types, vgpus: world.live }],
    services: world.bootUnit ? { "pulumi-vgpu.service": serviceOf("active", true) } : {},
    manifest: { owner: `${owner}/kvm-01`, vgpus: world.records, bootFiles: world.bootUnit ? bootFiles : {} },
  });
}

/** A declared mdev `serial-<number>` of mtty. */
export function mdevOf(number: number, type: string, changes: Partial<DesiredVgpu> = {}): DesiredVgpu {
  return {
    uuid: uuidOf(number),
    name: `serial-${number}`,
    owner,
    host: "kvm-01",
    carrierKind: "parent",
    carrier: "mtty",
    type,
    keep: false,
    ...changes,
  };
}

/** Declared mdevs of one type, with numbers from `first`. */
export function mdevsOf(type: string, count: number, first = 1): DesiredVgpu[] {
  return Array.from({ length: count }, (_, index) => mdevOf(first + index, type));
}

/** Returns the world with an mdev that nobody recorded. */
export function withOther(world: ParentWorld, uuid: string, typeName: string): ParentWorld {
  const mdev = { mdevUuid: uuid, parent: "mtty", vgpuTypeId: null, typeName, holders: [] };
  return { ...world, live: [...world.live, mdev] };
}

/** The plan of one mdev. */
export function planOn(
  world: ParentWorld,
  self: DesiredVgpu,
  declared: readonly DesiredVgpu[] = [self],
): Plan {
  return planVgpu({ self, declared, bootFiles }, parentFacts(world));
}

/** Returns the host after one step; throws where the kernel would refuse it. */
function after(step: Step, world: ParentWorld): ParentWorld {
  if (step.kind === "install-boot-unit") return { ...world, bootUnit: true };
  if (!("vgpu" in step)) throw new Error(`no step on an mdev: ${step.kind}`);
  const { uuid, owner, name, carrier, parent, typeName, keep } = step.vgpu;
  const others = world.records.filter((record) => record.uuid !== uuid);
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
  const live = world.live.find(({ mdevUuid }) => mdevUuid === uuid);
  switch (step.kind) {
    case "forget-vgpu":
      return { ...world, records: others };
    case "record-vgpu":
      return { ...world, records: [...others, { ...record, adopted: true }] };
    case "retire-vgpu":
      if (live !== undefined && live.holders.length > 0) throw new Error(`a VM holds ${uuid}`);
      return { ...world, records: others, live: world.live.filter((mdev) => mdev !== live) };
    case "make-vgpu":
      if (live !== undefined) return { ...world, records: [...others, record] };
      if (freePorts(world) < portsOf(typeName)) throw new Error("ENOSPC");
      return withOther({ ...world, records: [...others, record] }, uuid, typeName);
  }
}

/** The stack that makes mdevs has the host then. */
function hadBy(self: DesiredVgpu, facts: HostFacts): HostFacts {
  return { ...facts, manifest: { ...facts.manifest, owner: `${self.owner}/kvm-01` } };
}

/** Carries a plan out and fails unless nothing is left to do then. */
function carriedOut(world: ParentWorld, plan: (facts: HostFacts) => Plan): ParentWorld {
  const { steps, refusals } = plan(parentFacts(world));
  if (refusals.length > 0) throw new Error(JSON.stringify(refusals));
  const then = steps.reduce((now, step) => after(step, now), world);
  if (plan(parentFacts(then)).steps.length > 0) throw new Error("no end");
  return then;
}

/** Everything that the engine does in one run: creates and updates in some order, then deletes. */
export function afterRun(
  world: ParentWorld,
  declared: readonly DesiredVgpu[],
  gone: readonly DesiredVgpu[] = [],
): ParentWorld {
  const made = declared.reduce(
    (now, self) => carriedOut(now, (facts) => planVgpu({ self, declared, bootFiles }, hadBy(self, facts))),
    world,
  );
  return gone.reduce((now, self) => carriedOut(now, (facts) => planVgpuRemoval(self, facts)), made);
}
