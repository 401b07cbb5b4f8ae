// npm run lab: starts machines for a person, and stops them at Ctrl-C.
import { rmSync } from "node:fs";
import { Progress } from "../progress.js";
import { introduce } from "./introduction.js";
import { type LabKind, labKinds } from "./kinds.js";
import { labMissing } from "./readiness.js";
import type { LabMachine } from "./vm/lab-machine.js";
import { switchedOff } from "./vm/power.js";
import { makeRunFolder } from "./vm/run-folder.js";
import { startLabMachine } from "./vm/start.js";

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words.includes("--help") || words.includes("-h")) {
    console.log(kindsText());
    return 0;
  }
  const kinds = words.map(kindNamed);
  if (new Set(kinds).size < kinds.length) throw new Error(`Each kind once: ${words.join(" ")}`);
  const missing = labMissing(kinds.map((kind) => labKinds[kind].release));
  if (missing !== undefined) throw new Error(missing);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  const machines = await start(kinds, stopped);
  return machines === undefined ? 0 : await attend(machines, stopped);
}

/** Undefined: stopped before all were up. */
async function start(kinds: readonly LabKind[], stopped: Promise<void>): Promise<LabMachine[] | undefined> {
  const names = kinds.join(", ");
  const progress = new Progress(`Starting ${names}`);
  progress.detail("minutes the first time, then seconds");
  try {
    const all = Promise.all(kinds.map((kind) => startLabMachine({ name: kind, kind })));
    const machines = await Promise.race([all, stopped]);
    progress.end(machines === undefined ? "Stopped." : `Up after ${progress.seconds} s: ${names}`);
    return machines ?? undefined;
  } catch (error) {
    progress.end(`Not started after ${progress.seconds} s: ${names}`);
    throw error;
  }
}

/** Tells what they are for a person, and waits until all are switched off or somebody has had enough. */
async function attend(machines: readonly LabMachine[], stopped: Promise<void>): Promise<number> {
  const folder = makeRunFolder("by-hand");
  let code = 0;
  let attended = true;
  try {
    console.log(`${await introduce(machines, folder)}\n\nCtrl-C stops and removes all.`);
    const ends = machines.map(async (machine) => {
      const why = await machine.waitUntilOff();
      if (attended) console.log(`${machine.name}: ${why}; to have it again, start anew`);
      if (why !== switchedOff) code = 1;
    });
    await Promise.race([stopped, Promise.all(ends)]);
  } finally {
    attended = false;
    await Promise.all(machines.map((machine) => machine.stop()));
    rmSync(folder, { recursive: true, force: true });
    console.log("Stopped.");
  }
  return code;
}

function kindNamed(name: string): LabKind {
  if (!isKind(name)) throw new Error(`There is no kind "${name}".\n${kindsText()}`);
  return name;
}

function isKind(name: string): name is LabKind {
  return Object.hasOwn(labKinds, name);
}

function kindsText(): string {
  const rows = Object.entries(labKinds).map(([name, { is }]) => `  ${name.padEnd(8)} ${is}`);
  return `npm run lab -- KIND ... starts machines. Kinds:\n${rows.join("\n")}`;
}

main(process.argv.slice(2)).then(
  // A start given up goes on in the background; its machine dies with this process.
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
