import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedMachine } from "../host/machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../host/machine/simulator.js";
import {
  guestRunName,
  hostRunName,
  makeGuestRun,
  makeHostRun,
  type RunPackageOptions,
} from "../host/model/run-package.js";

const modelFolder = join(__dirname, "..", "host", "model");
const kinds = join(modelFolder, "kinds.ts");

/** What the program in the root Pulumi.yaml is told of the fleet, as its config `fleet`. */
export interface FleetConfig {
  readonly hosts: Readonly<Record<string, FleetHost>>;
  readonly guests: Readonly<Record<string, FleetGuest>>;
}

interface MachineConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
  readonly privateKeyPath: string;
}

/** One host: how it is reached, its GPU and the vGPUs on it by name. */
export interface FleetHost {
  readonly connection: MachineConnection;
  readonly gpu: string;
  readonly vgpus: Readonly<Record<string, string>>;
}

/** One guest and the vGPU that its VM has. */
export interface FleetGuest {
  readonly connection: MachineConnection;
  readonly vgpu: string;
}

/** The demo's hosts: one of each way in which NVIDIA makes vGPUs. */
export const fleetHosts = {
  "kvm-turing": { kind: "turingLegacy", gpu: "0000:3b:00.0", type: "T4-4Q", count: 4 },
  "kvm-ampere": { kind: "ampereMdev", gpu: "0000:41:00.0", type: "A40-8Q", count: 6 },
  "kvm-ada": { kind: "adaVendorVfio", gpu: "0000:26:00.0", type: "L40S-12Q", count: 4 },
} as const;

/** The driver versions of release 17.4. Source: releases.json */
export const fleetRelease = { release: "17.4", manager: "550.127.06", guest: "550.127.05" } as const;

/** Simulated machines, and what a program needs to reach them. */
export interface Fleet {
  readonly simulator: Simulator;
  readonly machines: Readonly<Record<string, SimulatedMachine>>;
  readonly config: FleetConfig;
  /** Driver packages with their hashes. */
  readonly packages: { readonly manager: PackageFile; readonly guest: PackageFile };
  /** Folder of keys and packages. */
  readonly folder: string;
}

/** What a program that is written in terms of lifecycles needs of a fleet. */
export type FleetPart = Pick<Fleet, "config" | "packages">;

/** A driver package on this machine. */
export interface PackageFile {
  readonly path: string;
  readonly sha256: string;
}

/** Writes a driver package of the simulated vendor. */
export function writePackage(
  folder: string,
  side: "manager" | "guest",
  options: RunPackageOptions,
): PackageFile {
  const bytes = side === "manager" ? makeHostRun(options) : makeGuestRun(options);
  const name = side === "manager" ? hostRunName(options.version) : guestRunName(options.version);
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, bytes);
  return { path, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Returns how a program reaches a machine; the key lies in `folder` and is referred to. */
export function connectionTo(machine: SimulatedMachine, folder: string, user = "root"): MachineConnection {
  const privateKeyPath = join(folder, `${machine.name}.key`);
  // Once: a run that reads it while it is written again finds half a key.
  if (!existsSync(privateKeyPath)) writeFileSync(privateKeyPath, machine.address.privateKey, { mode: 0o600 });
  return {
    host: machine.address.host,
    port: machine.address.port,
    user,
    hostKey: machine.address.hostKey,
    privateKeyPath,
  };
}

/** Starts the demo's fleet, all bare: nouveau loaded, no driver; the guests wait for their vGPUs. */
export async function startFleet(
  folder: string,
  packageOptions: { readonly payloadBytes?: number; readonly seconds?: number } = {},
): Promise<Fleet> {
  mkdirSync(folder, { recursive: true });
  const simulator = await startSimulator();
  const names = Object.keys(fleetHosts) as (keyof typeof fleetHosts)[];
  const hosts = await simulator.startFleet(
    names.map((name) => ({ name, kind: { module: kinds, export: fleetHosts[name].kind } })),
  );
  const guests = await simulator.startFleet(
    ["guest-ampere", "guest-ada"].map((name) => ({ name, kind: { module: kinds, export: "linuxGuest" } })),
  );
  const machines = Object.fromEntries([...hosts, ...guests].map((machine) => [machine.name, machine]));
  return {
    simulator,
    machines,
    folder,
    packages: {
      manager: writePackage(folder, "manager", { version: fleetRelease.manager, ...packageOptions }),
      guest: writePackage(folder, "guest", { version: fleetRelease.guest, ...packageOptions }),
    },
    config: { hosts: hostConfigs(machines, folder), guests: guestConfigs(machines, folder) },
  };
}

function hostConfigs(machines: Fleet["machines"], folder: string): Record<string, FleetHost> {
  const configs: Record<string, FleetHost> = {};
  for (const [name, { gpu, type, count }] of Object.entries(fleetHosts)) {
    const machine = machines[name];
    if (machine === undefined) throw new Error(`no machine ${name}`);
    const short = name.replace("kvm-", "");
    const vgpus = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`${short}-${index + 1}`, type]),
    );
    configs[name] = { connection: connectionTo(machine, folder), gpu, vgpus };
  }
  return configs;
}

function guestConfigs(machines: Fleet["machines"], folder: string): Record<string, FleetGuest> {
  const configs: Record<string, FleetGuest> = {};
  for (const [name, vgpu] of [
    ["guest-ampere", "ampere-1"],
    ["guest-ada", "ada-1"],
  ] as const) {
    const machine = machines[name];
    if (machine === undefined) throw new Error(`no machine ${name}`);
    configs[name] = { connection: connectionTo(machine, folder), vgpu };
  }
  return configs;
}

/** Lets a guest's VM start as soon as its vGPU is there: by UUID where there are mdevs, else on the given function. */
export async function tieGuest(fleet: Fleet, guest: string, host: string, match: object): Promise<void> {
  const [guestMachine, hostMachine] = [fleet.machines[guest], fleet.machines[host]];
  if (guestMachine === undefined || hostMachine === undefined)
    throw new Error(`no machine ${guest} or ${host}`);
  await fleet.simulator.invoke(
    { module: join(modelFolder, "tie.ts"), export: "tieGuest" },
    [guestMachine, hostMachine],
    {
      vmName: guest,
      ...match,
    },
  );
}
