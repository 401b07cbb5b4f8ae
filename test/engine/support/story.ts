import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../../../tools/paths.js";
import { connectionTo, fleetRelease, type PackageFile, writePackage } from "../../fleet/fleet.js";
import type { SimulatedMachine } from "../../host/machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../../host/machine/simulator.js";
import type { MachineOptions } from "../../host/types.js";
import type { Declared, DeclaredHost, DeclaredVgpu } from "../programs/declared-fleet.js";
import { makeProject, type Project } from "./project.js";
import { Stack, type StackRun } from "./stack.js";

/** A machine of a story: its kind is an export of test/host/model/kinds.ts. */
export interface StoryMachine {
  readonly kind: "turingLegacy" | "ampereMdev" | "adaVendorVfio" | "mttyHost" | "linuxGuest";
  /** Options of the kind. */
  readonly args?: readonly unknown[];
  readonly options?: MachineOptions;
}

/** Simulated machines and a stack whose program declares what `declare` is given. */
export interface Story {
  readonly simulator: Simulator;
  readonly stack: Stack;
  readonly project: Project;
  /** Holds keys and packages. */
  readonly folder: string;
  readonly packages: { readonly manager: PackageFile; readonly guest: PackageFile };
  machine(name: string): SimulatedMachine;
  /** Writes what the program declares from now on. */
  declare(declared: Declared): void;
  /** Previews another program on the same stack; several may run at once. */
  preview(declared: Declared): Promise<StackRun>;
  close(): Promise<void>;
}

const kinds = path.join(repositoryRoot, "test", "host", "model", "kinds.ts");
const programText = readFileSync(path.join(__dirname, "..", "programs", "declared-fleet.ts"), "utf8");

/** Programs are type-checked with the repository; here they are only stripped of their types, which is faster. */
export const quickProgram = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } as const;

/** Starts machines, all bare, and makes a stack for them; nothing is declared yet. */
export async function openStory(machines: Readonly<Record<string, StoryMachine>>): Promise<Story> {
  const simulator = await startSimulator();
  const project = makeProject(programFiles({}));
  const stack = new Stack({ ...project, env: quickProgram });
  const close = async () => {
    await simulator.stop();
    project.remove();
  };
  try {
    await stack.init();
    const specs = Object.entries(machines).map(([name, machine]) => specOf(name, machine));
    const started = new Map((await simulator.startFleet(specs)).map((machine) => [machine.name, machine]));
    const machine = (name: string) => {
      const found = started.get(name);
      if (found === undefined) throw new Error(`no machine ${name}`);
      return found;
    };
    const folder = project.stateDir;
    const packages = {
      manager: writePackage(folder, "manager", { version: fleetRelease.manager }),
      guest: writePackage(folder, "guest", { version: fleetRelease.guest }),
    };
    const declare = (declared: Declared) => project.write("declared.json", JSON.stringify(declared));
    const preview = (declared: Declared) => previewOf(declared, folder);
    return { project, stack, simulator, folder, packages, machine, declare, preview, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function programFiles(declared: Declared): Record<string, string> {
  return { "index.ts": programText, "declared.json": JSON.stringify(declared) };
}

/** A preview takes no lock of the stack, and a project of its own has no configuration. */
async function previewOf(declared: Declared, stateDir: string): Promise<StackRun> {
  const project = makeProject(programFiles(declared));
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
