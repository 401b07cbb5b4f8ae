// States of machines, frozen: what a machine is after some preparation that many tests begin with.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { holdFileLock } from "../../file-lock.js";
import { cacheKey, labCache, shortOfSpace } from "../cache.js";
import { cardsText } from "../cards.js";
import type { LabKind } from "../kinds.js";
import { type FrozenDisk, type FrozenFiles, LabMachine } from "./lab-machine.js";
import { type LabMachineSpec, neededImage, qemuMachine } from "./machine-spec.js";
import { qemu, qemuArguments } from "./qemu-arguments.js";

/** What is done to a machine before it is frozen. */
export interface FrozenState {
  /** Part of a folder's name: `driver-installed`. */
  readonly name: string;
  /** What `prepare` depends on besides its machine: texts, hashes of files. Any difference makes another state. */
  readonly inputs: readonly string[];
  /** The state it starts from. @default the machine has booted, and its services have started */
  readonly from?: FrozenState;
  /** It boots from the disk of another kind's state, as a disk that is moved to a machine with other cards. */
  readonly disk?: { readonly of: FrozenState; readonly kind: LabKind };
  prepare(machine: LabMachine): Promise<void>;
}

/** A machine has booted and no unit is starting any more. */
export const booted: FrozenState = {
  name: "booted",
  inputs: [],
  prepare: async (machine) => {
    // Exits with 1 when a unit failed, which a test of that unit tells better.
    await machine.run(["systemctl", "is-system-running", "--wait"]);
  },
};

/** A state of one machine: a memory, and a disk that stands on that of another state or on the image. */
interface Place {
  readonly state: FrozenState;
  readonly spec: LabMachineSpec;
}

/** Starts a machine in a state: within seconds where it was frozen before, else by preparing and freezing one first. */
export async function startIn(state: FrozenState, spec: LabMachineSpec): Promise<LabMachine> {
  return startOn(spec, await provide({ state, spec }));
}

async function startOn(spec: LabMachineSpec, files: FrozenDisk | FrozenFiles): Promise<LabMachine> {
  return LabMachine.start(spec, files).catch((error: unknown) => {
    throw new Error(
      `${messageOf(error)}\nIt was to go on from ${path.dirname(files.disk)}. Next: remove that folder, and it is made anew.`,
    );
  });
}

async function provide(place: Place): Promise<FrozenFiles> {
  const folder = await folderOf(place);
  if (!(await isWhole(place))) {
    mkdirSync(path.dirname(folder), { recursive: true });
    const release = await holdFileLock(`${folder}.lock`, () =>
      console.log(`Another process makes this state; waiting for it to release ${folder}.lock`),
    );
    try {
      if (!(await isWhole(place))) {
        removeRemains(folder);
        await make(place, folder);
      }
    } finally {
      release();
    }
  }
  return filesIn(folder);
}

async function make(place: Place, folder: string): Promise<void> {
  const { state, spec } = place;
  const below = belowOf(place);
  const files = below === undefined ? undefined : await provide(below);
  const standsOn = await idOf(below);
  const machine =
    files === undefined
      ? await LabMachine.start(spec)
      : await startOn(spec, state.disk === undefined ? files : { disk: files.disk });
  const unfinished = mkdtempSync(`${folder}-unfinished-`);
  try {
    await state.prepare(machine);
    await machine.freeze(filesIn(unfinished));
    writeFileSync(path.join(unfinished, "id"), randomUUID());
    writeFileSync(path.join(unfinished, "record"), record(unfinished, standsOn));
    renameSync(unfinished, folder);
  } catch (error) {
    const space = shortOfSpace();
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`${messageOf(error)}${space}`);
  } finally {
    await machine.stop();
  }
}

/** What a state's disk stands on; undefined: the image. */
function belowOf({ state, spec }: Place): Place | undefined {
  if (state === booted) return undefined;
  if (state.disk === undefined) return { state: state.from ?? booted, spec };
  return { state: state.disk.of, spec: { name: spec.name, kind: state.disk.kind } };
}

function filesIn(folder: string): FrozenFiles {
  return { disk: path.join(folder, "disk.qcow2"), memory: path.join(folder, "memory.zst") };
}

/** A state made anew has another id, as its blocks lie elsewhere than those that disks above it know. */
async function idOf(place: Place | undefined): Promise<string> {
  if (place === undefined) return "the image";
  const file = path.join(await folderOf(place), "id");
  return existsSync(file) ? readFileSync(file, "utf8") : "nothing";
}

function record(folder: string, standsOn: string): string {
  const sizes = Object.entries(filesIn(folder)).map(
    ([name, file]) => `${name} ${statSync(file, { throwIfNoEntry: false })?.size ?? "none"}\n`,
  );
  return `${sizes.join("")}on ${standsOn}\n`;
}

/** Its files are as long as they were made (a full disk leaves shorter ones), and so is all that it stands on. */
async function isWhole(place: Place): Promise<boolean> {
  const folder = await folderOf(place);
  const file = path.join(folder, "record");
  const below = belowOf(place);
  if (below !== undefined && !(await isWhole(below))) return false;
  return existsSync(file) && readFileSync(file, "utf8") === record(folder, await idOf(below));
}

/** What of this state is damaged, or was being made by a process that was killed. */
function removeRemains(folder: string): void {
  const states = path.dirname(folder);
  const name = path.basename(folder);
  for (const entry of readdirSync(states)) {
    if (entry !== name && !entry.startsWith(`${name}-unfinished-`)) continue;
    rmSync(path.join(states, entry), { recursive: true, force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function folderOf({ state, spec }: Place): Promise<string> {
  const image = neededImage(spec.kind);
  const fixed = { ...spec, name: "frozen" };
  const parts = [
    image.key,
    await qemuVersion(),
    qemuArguments(qemuMachine(fixed, 0)).join("\n"),
    spec.cards ?? cardsText(spec.kind),
    ...history(state),
  ];
  const name = `${spec.kind}-${state.name}-${cacheKey(parts)}`;
  return path.join(labCache(), "states", image.key, name);
}

function history(state: FrozenState): string[] {
  const before = state === booted ? [] : history(state.disk?.of ?? state.from ?? booted);
  return [...before, state.disk?.kind ?? "", state.name, `${state.inputs.length}`, ...state.inputs];
}

let version: Promise<string> | undefined;

/** A frozen state fits only the QEMU that wrote it. */
function qemuVersion(): Promise<string> {
  version ??= promisify(execFile)(qemu, ["--version"]).then(({ stdout }) => stdout);
  return version;
}
