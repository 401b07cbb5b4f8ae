// States of machines, frozen: what a machine is after some preparation that many tests begin with.
import { execFile } from "node:child_process";
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
import { type FrozenFiles, LabMachine } from "./lab-machine.js";
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

/** Starts a machine in a state: within seconds where it was frozen before, else by preparing and freezing one first. */
export async function startIn(state: FrozenState, spec: LabMachineSpec): Promise<LabMachine> {
  const files = await provide(state, spec);
  return LabMachine.start(spec, files).catch((error: unknown) => {
    throw new Error(
      `${messageOf(error)}\nIt was to go on from ${path.dirname(files.disk)}. Next: remove that folder if this happens again, and the machine is made anew.`,
    );
  });
}

async function provide(state: FrozenState, spec: LabMachineSpec): Promise<FrozenFiles> {
  const folder = await stateFolder(state, spec);
  const files = filesIn(folder);
  if (isWhole(folder)) return files;
  mkdirSync(path.dirname(folder), { recursive: true });
  const release = await holdFileLock(`${folder}.lock`, () => undefined);
  try {
    if (!isWhole(folder)) {
      removeRemains(folder);
      await make(state, spec, folder);
    }
  } finally {
    release();
  }
  return files;
}

async function make(state: FrozenState, spec: LabMachineSpec, folder: string): Promise<void> {
  const machine = await beginOf(state, spec);
  const unfinished = mkdtempSync(`${folder}-unfinished-`);
  try {
    await state.prepare(machine);
    await machine.freeze(filesIn(unfinished));
    writeFileSync(path.join(unfinished, "sizes"), sizesIn(unfinished));
    renameSync(unfinished, folder);
  } catch (error) {
    const space = shortOfSpace();
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`${messageOf(error)}${space}`);
  } finally {
    await machine.stop();
  }
}

function filesIn(folder: string): FrozenFiles {
  return { disk: path.join(folder, "disk.qcow2"), memory: path.join(folder, "memory.zst") };
}

function sizesIn(folder: string): string {
  return Object.entries(filesIn(folder))
    .map(([name, file]) => `${name} ${statSync(file, { throwIfNoEntry: false })?.size ?? "none"}\n`)
    .join("");
}

/** Its files are as long as they were made: a full disk or a broken copy leaves shorter ones. */
function isWhole(folder: string): boolean {
  const sizes = path.join(folder, "sizes");
  return existsSync(sizes) && readFileSync(sizes, "utf8") === sizesIn(folder);
}

/** What of this state is damaged, or was being made by a process that was killed. */
function removeRemains(folder: string): void {
  const place = path.dirname(folder);
  const name = path.basename(folder);
  for (const entry of readdirSync(place)) {
    if (entry !== name && !entry.startsWith(`${name}-unfinished-`)) continue;
    rmSync(path.join(place, entry), { recursive: true, force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function beginOf(state: FrozenState, spec: LabMachineSpec): Promise<LabMachine> {
  if (state === booted) return LabMachine.start(spec);
  if (state.disk === undefined) return startIn(state.from ?? booted, spec);
  const { disk } = await provide(state.disk.of, { name: spec.name, kind: state.disk.kind });
  return LabMachine.start(spec, { disk });
}

async function stateFolder(state: FrozenState, spec: LabMachineSpec): Promise<string> {
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
