import path from "node:path";
import { repositoryRoot } from "../../../tools/paths.js";
import { connectionTo, fleetRelease, type PackageFile, writePackage } from "../../fleet/fleet.js";
import type { SimulatedMachine } from "../../host/machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../../host/machine/simulator.js";
import type { MachineOptions } from "../../host/types.js";
import type { Declared, DeclaredHost, DeclaredVgpu } from "../programs/declared-fleet.js";
import { type DeclaredStack, declaredProgram, openDeclaredStack, quickProgram } from "./declared-stack.js";
import { makeProject } from "./project.js";
import { Stack, type StackRun } from "./stack.js";

/** A machine of a story: its kind is an export of test/host/model/kinds.ts. */
export interface StoryMachine {
  readonly kind: "turingLegacy" | "ampereMdev" | "adaVendorVfio" | "mttyHost" | "linuxGuest";
  /** Options of the kind. */
  readonly args?: readonly unknown[];
  readonly options?: MachineOptions;
}

/** Simulated machines and a stack whose program declares what `declare` is given. */
export interface Story extends DeclaredStack {
  readonly simulator: Simulator;
  /** Holds keys and packages. */
  readonly folder: string;
  readonly packages: { readonly manager: PackageFile; readonly guest: PackageFile };
  machine(name: string): SimulatedMachine;
  /** Previews another program on the same stack; several may run at once. */
  preview(declared: Declared): Promise<StackRun>;
  close(): Promise<void>;
}

const kinds = path.join(repositoryRoot, "test", "host", "model", "kinds.ts");
/** Starts machines, all bare, and makes a stack for them; nothing is declared yet. */
export async function openStory(machines: Readonly<Record<string, StoryMachine>>): Promise<Story> {
  const declared = await openDeclaredStack();
  const simulator = await startSimulator();
  const close = async () => {
    await simulator.stop();
    declared.project.remove();
  };
  try {
    const specs = Object.entries(machines).map(([name, machine]) => specOf(name, machine));
    const started = new Map((await simulator.startFleet(specs)).map((machine) => [machine.name, machine]));
    const machine = (name: string) => {
      const found = started.get(name);
      if (found === undefined) throw new Error(`no machine ${name}`);
      return found;
    };
    const folder = declared.project.stateDir;
    const packages = {
      manager: writePackage(folder, "manager", { version: fleetRelease.manager }),
      guest: writePackage(folder, "guest", { version: fleetRelease.guest }),
    };
    const preview = (program: Declared) => previewOf(program, folder);
    return { ...declared, simulator, folder, packages, machine, preview, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A preview takes no lock of the stack, and a project of its own has no configuration. */
async function previewOf(declared: Declared, stateDir: string): Promise<StackRun> {
  const project = makeProject(declaredProgram(declared));
  try {
    return await new Stack({ projectDir: project.projectDir, stateDir, env: quickProgram }).run(["preview"]);
  } finally {
    project.remove();
  }
}

function specOf(name: string, { kind, args = [], options }: StoryMachine) {
  const spec = { name, kind: { module: kinds, export: kind, args } };
  return options === undefined ? spec : { ...spec, options };
}

/** Returns the arguments of a host of the story with the driver that all stories use. */
export function hostArgs(story: Story, machine: string, gpu: string): DeclaredHost {
  return {
    connection: connectionTo(story.machine(machine), story.folder),
    driver: { release: fleetRelease.release, package: story.packages.manager },
    gpus: { [gpu]: { usage: "vgpu" } },
    reboot: { allow: true },
  };
}

/** Returns `count` vGPUs of one type, named `<prefix>-1` and so on. */
export function vgpuRow(
  prefix: string,
  count: number,
  vgpu: DeclaredVgpu,
): Readonly<Record<string, DeclaredVgpu>> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}-${index + 1}`, vgpu]));
}
