import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { flagsOfEnvironment, type RunTargets, runParallelOf, runTargetsOf } from "../plan/run-targets.js";

/** Between the engine and this process there are a plugin's launcher and a shell. */
const mostAncestors = 8;
let call: { readonly argv: readonly string[] | null } | undefined;

/**
 * Returns which resources this run of the engine is about; `null` when it is about all, or where nobody can say. The engine
 * tells a provider nothing of `--target`; what is read is its command line, from `/proc`, and its environment, which it hands down.
 */
export function targetsOfRun(): RunTargets | null {
  const argv = engineArguments();
  return argv === null ? null : runTargetsOf(argv);
}

/** Returns how many resources this run of the engine changes at once, where its command line says it; else `null`. */
export function parallelOfRun(): number | null {
  const argv = engineArguments();
  return argv === null ? null : runParallelOf(argv);
}

function engineArguments(): readonly string[] | null {
  call ??= { argv: withEnvironment(argumentsOfEngine(process.ppid)) };
  return call.argv;
}

function withEnvironment(argv: readonly string[] | null): readonly string[] | null {
  const flags = flagsOfEnvironment(process.env);
  return argv === null && flags.length === 0 ? null : [...flags, ...(argv ?? [])];
}

function argumentsOfEngine(first: number): readonly string[] | null {
  let pid = first;
  for (let depth = 0; depth < mostAncestors && pid > 1; depth++) {
    const argv = read(`/proc/${pid}/cmdline`).split("\0");
    if (/^pulumi(\.exe)?$/.test(basename(argv[0] ?? ""))) return argv.slice(1);
    // The program's name stands in brackets and may hold anything: what follows the last one is fields.
    const stat = read(`/proc/${pid}/stat`);
    pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? "0");
  }
  return null;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
