import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vgpuUuid } from "../../../sdk/vgpu-uuid.js";
import {
  connectionTo,
  type FleetPart,
  fleetRelease,
  type PackageFile,
  writePackage,
} from "../../fleet/fleet.js";
import { type DeclaredResource, fleetProgram } from "../../fleet/program.js";
import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../machine/simulator.js";
import { until } from "../machine/test-support.js";
import type { GuestKindOptions, HostKindOptions } from "../model/kinds.js";
import type { MachineOptions } from "../types.js";

const modelFolder = join(__dirname, "..", "model");

/** The kinds of host with a small board each: fewer functions to look at, the same paths. */
export const smallHosts = {
  turingLegacy: { gpu: "0000:3b:00.0", board: "Tesla T4", type: "T4-4Q", mediated: true },
  ampereMdev: { gpu: "0000:41:00.0", board: "NVIDIA A2", type: "A2-4Q", mediated: true },
  adaVendorVfio: { gpu: "0000:26:00.0", board: "NVIDIA A2", type: "A2-4Q", mediated: false },
} as const;

export type HostKindName = keyof typeof smallHosts;

/** Name of the host's resource in every program here; the machine's own name differs. */
export const hostName = "gpu-host";
/** Name of the guest's resource. */
export const guestName = "desk";

/** One simulated host and a program for it. */
export interface HostBed {
  readonly machine: SimulatedMachine;
  readonly kind: HostKindName;
  readonly gpu: string;
  readonly statePath: string;
  /** Folder of its own, for keys, state and packages. */
  readonly folder: string;
  readonly part: FleetPart;
  /** The host with these vGPUs, type by resource name. */
  program(vgpus: Readonly<Record<string, string>>): DeclaredResource[];
}

/** How a host differs from the plain one. */
export interface HostChoice {
  /** @default the kind's board in `smallHosts` */
  readonly board?: string;
  readonly kind?: HostKindOptions;
  readonly machine?: MachineOptions;
  readonly user?: string;
}

/** One simulator with its machines, and the files of their runs. */
export interface Bed {
  readonly simulator: Simulator;
  readonly packages: { readonly manager: PackageFile; readonly guest: PackageFile };
  host(name: string, kind: HostKindName, choice?: HostChoice): Promise<HostBed>;
  /** Starts a guest whose VM has the vGPU of this resource, which must be there; returns its part of a program. */
  guest(name: string, host: HostBed, vgpu: string, options?: GuestKindOptions): Promise<GuestBed>;
  close(): Promise<void>;
}

/** One simulated guest and a program for it. */
export interface GuestBed {
  readonly machine: SimulatedMachine;
  readonly statePath: string;
  readonly program: DeclaredResource[];
}

/** Starts a simulator for one test file. */
export async function openBed(): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-vgpu-lifecycle-"));
  const simulator = await startSimulator();
  const packages = {
    manager: writePackage(folder, "manager", { version: fleetRelease.manager }),
    guest: writePackage(folder, "guest", { version: fleetRelease.guest }),
  };
  const open = { simulator, packages, folder };
  return {
    simulator,
    packages,
    host: (name, kind, choice = {}) => startHost(open, { name, kind, choice }),
    guest: (name, host, vgpu, options = {}) => startGuest(open, { name, host, vgpu, options }),
    close: async () => {
      await simulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type OpenBed = Pick<Bed, "simulator" | "packages"> & { readonly folder: string };

async function startHost(
  bed: OpenBed,
  wanted: { readonly name: string; readonly kind: HostKindName; readonly choice: HostChoice },
): Promise<HostBed> {
  const { name, kind, choice } = wanted;
  const { gpu, board } = smallHosts[kind];
  const options = { gpus: [{ board: choice.board ?? board, address: gpu }], ...choice.kind };
  const machine = await bed.simulator.startMachine({
    name,
    kind: { module: join(modelFolder, "kinds.ts"), export: kind, args: [options] },
    ...(choice.machine === undefined ? {} : { options: choice.machine }),
  });
  const folder = folderOf(bed, name);
  const connection = connectionTo(machine, folder, choice.user);
  const partWith = (vgpus: Readonly<Record<string, string>>): FleetPart => ({
    packages: bed.packages,
    config: { hosts: { [hostName]: { connection, gpu, vgpus } }, guests: {} },
  });
  return {
    machine,
    kind,
    gpu,
    folder,
    statePath: join(folder, "state.json"),
    part: partWith({}),
    program: (vgpus) => fleetProgram(partWith(vgpus)),
  };
}

async function startGuest(
  bed: OpenBed,
  wanted: {
    readonly name: string;
    readonly host: HostBed;
    readonly vgpu: string;
    readonly options: GuestKindOptions;
  },
): Promise<GuestBed> {
  const { name, host, vgpu, options } = wanted;
  const machine = await bed.simulator.startMachine({
    name,
    kind: { module: join(modelFolder, "kinds.ts"), export: "linuxGuest", args: [options] },
  });
  await bed.simulator.invoke(
    { module: join(modelFolder, "tie.ts"), export: "tieGuest" },
    [machine, host.machine],
    {
      vmName: name,
      mdevUuid: uuidOf(vgpu),
    },
  );
  await until("the guest is on", () => machine.poweredOn(), 30_000);
  const folder = folderOf(bed, name);
  const part: FleetPart = {
    packages: bed.packages,
    config: { hosts: {}, guests: { [guestName]: { connection: connectionTo(machine, folder), vgpu } } },
  };
  return { machine, statePath: join(folder, "state.json"), program: fleetProgram(part) };
}

function folderOf(bed: OpenBed, name: string): string {
  const folder = join(bed.folder, name);
  mkdirSync(folder);
  return folder;
}

/** UUID that these programs give the vGPU of this resource name. */
export function uuidOf(resource: string): string {
  return vgpuUuid("fleet", "test", resource);
}

/** Returns `count` vGPUs of one type: `{ "a-1": type, "a-2": type, ... }`. */
export function vgpusOf(type: string, count: number, prefix = "a"): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}-${index + 1}`, type]));
}
