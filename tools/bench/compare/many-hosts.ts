import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { makeProject } from "../../../test/engine/support/project.js";
import { mustSucceed, Stack } from "../../../test/engine/support/stack.js";
import { connectionTo, fleetRelease, writePackage } from "../../../test/fleet/fleet.js";
import type { SimulatedMachine } from "../../../test/host/machine/simulated-machine.js";
import { startSimulator } from "../../../test/host/machine/simulator.js";
import { repositoryRoot } from "../../paths.js";
import { emptyProgram, emptyProvider } from "../programs.js";
import { hostsProgram } from "./program.js";

export const gpu = "0000:41:00.0";
export const vgpusEach = 16;

/** One simulated A40 host, and where vGPUs can be made on it by hand. */
export interface OneOfMany {
  readonly name: string;
  readonly machine: SimulatedMachine;
  readonly connection: ReturnType<typeof connectionTo>;
  /** The folder of type A40-1Q, e.g. `"nvidia-557"`. */
  readonly typeFolder: string;
  readonly places: readonly { readonly uuid: string; readonly parent: string }[];
}

/** What the program of a stack declares. */
export interface DeclaredCount {
  readonly vgpus: number;
  readonly type: string;
}

/** Simulated hosts with the vGPU manager on them, a stack of ours over them, and one of as many empty resources. */
export interface ManyHosts {
  readonly hosts: readonly OneOfMany[];
  readonly folder: string;
  readonly ours: Stack;
  readonly floor: Stack;
  declare(count: DeclaredCount): void;
  close(): Promise<void>;
}

/** Starts that many hosts and brings them, by our own `up`, to where vGPUs can be made; none is there yet. */
export async function openManyHosts(count: number): Promise<ManyHosts> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-many-"));
  const simulator = await startSimulator();
  const project = makeProject({ "index.ts": hostsProgram });
  const empty = makeProject({ "index.ts": emptyProgram, "empty-provider.js": emptyProvider });
  const close = async () => {
    await simulator.stop();
    project.remove();
    empty.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const kind = { module: path.join(repositoryRoot, "test/host/model/kinds.ts"), export: "ampereMdev" };
    const names = Array.from({ length: count }, (_, index) => `kvm-${index + 1}`);
    const machines = await simulator.startFleet(names.map((name) => ({ name, kind })));
    const driver = {
      release: fleetRelease.release,
      package: writePackage(folder, "manager", { version: fleetRelease.manager }),
    };
    const connections = Object.fromEntries(
      machines.map((machine) => [machine.name, connectionTo(machine, folder)]),
    );
    const declare = (declared: DeclaredCount) => {
      project.write("declared.json", JSON.stringify({ connections, driver, gpu, ...declared }));
      empty.write("count.json", String(count * (declared.vgpus + 1) - 1));
    };
    declare({ vgpus: 0, type: "A40-1Q" });
    const [ours, floor] = [new Stack(project), new Stack(empty)];
    await ours.init();
    await floor.init();
    for (const stack of [ours, floor]) mustSucceed(await stack.up(["--skip-preview"]));
    const hosts = await Promise.all(machines.map((machine) => describeHost(machine, folder)));
    return { hosts, folder, ours, floor, declare, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function describeHost(machine: SimulatedMachine, folder: string): Promise<OneOfMany> {
  const device = `/sys/bus/pci/devices/${gpu}`;
  const { stdout } = await machine.shell(
    `for n in $(seq 0 ${vgpusEach - 1}); do basename "$(readlink ${device}/virtfn$n)"; done; grep -lx '.*A40-1Q' ${device}/virtfn0/mdev_supported_types/*/name`,
  );
  const lines = stdout.trim().split("\n");
  const places = lines.slice(0, vgpusEach).map((parent) => ({ uuid: randomUUID(), parent }));
  const typeFolder = (lines.at(-1) ?? "").split("/").at(-2) ?? "";
  return { name: machine.name, machine, connection: connectionTo(machine, folder), typeFolder, places };
}
