// Leaves out one guarded line of the shell scripts at a time, and names those that no test misses:
// npm run mutate:shell                     all scripts, hours on 2 cores
// npm run mutate:shell -- vgpus functions  some, by name
// npm run mutate:shell -- functions:147    a line of one
// npm run mutate:shell -- --unit vgpus     by the unit tests alone: minutes, and what only the hosts' tests miss is named, too
// npm run mutate:shell -- --map            finds out anew which test files run which scripts
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { toolCache } from "../paths.js";
import { type GuardedLine, guardedLines } from "./guarded-lines.js";
import { judgementOf } from "./judged-lines.js";
import { shellScripts, syntaxIsSound } from "./shell-scripts.js";
import { readTestMap } from "./test-map.js";
import { hostTestsOf, unitTestsOf } from "./tests-of-line.js";
import { makeCopy, type TreeCopy } from "./tree-copy.js";

const folder = path.join(toolCache, "mutation");

interface Survivor {
  readonly script: string;
  readonly number: number;
  readonly line: string;
}

/** Returns the simulated hosts' test files to try on a line. */
type HostTests = (script: string, line: GuardedLine) => readonly string[];

async function isMissed(copy: TreeCopy, script: string, line: GuardedLine, hostTests: HostTests) {
  const file = `provider/${script}`;
  copy.write(file, line.without);
  try {
    const unitTests = unitTestsOf(script);
    if (unitTests.length > 0 && !(await copy.passes("unit", unitTests))) return true;
    for (const test of hostTests(script, line)) if (!(await copy.passes("host", [test]))) return true;
    return false;
  } finally {
    copy.restore(file);
  }
}

async function hostTestsFor(args: readonly string[]): Promise<HostTests> {
  if (args.includes("--unit")) return () => [];
  const map = await readTestMap(path.join(folder, "tests-of-scripts.json"), args.includes("--map"));
  const texts = shellScripts();
  return (script, line) => hostTestsOf(script, line, { map, texts });
}

/** Returns the lines to leave out, by script: of all, or of those that are named. */
function wantedLines(names: readonly string[]): Map<string, readonly GuardedLine[]> {
  const found = new Map<string, readonly GuardedLine[]>();
  for (const [script, text] of shellScripts()) {
    const name = path.basename(script, ".sh");
    const lines = guardedLines(text, syntaxIsSound)
      .filter(({ line }) => judgementOf(script, line) === undefined)
      .filter(
        ({ number }) => [name, `${name}:${number}`].some((one) => names.includes(one)) || names.length === 0,
      );
    if (lines.length > 0) found.set(script, lines);
  }
  return found;
}

async function main(args: readonly string[]): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const hostTests = await hostTestsFor(args);
  const scripts = wantedLines(args.filter((arg) => !arg.startsWith("--")));
  const copy = makeCopy(path.join(folder, "tree"));
  const survivors: Survivor[] = [];
  let tried = 0;
  for (const [script, lines] of scripts) {
    const unitTests = unitTestsOf(script);
    if (unitTests.length > 0 && !(await copy.passes("unit", unitTests)))
      throw new Error(`the tests of ${script} fail as it is`);
    for (const line of lines) {
      tried++;
      const missed = await isMissed(copy, script, line, hostTests);
      console.log(`${missed ? "noticed" : "UNNOTICED"}  ${script}:${line.number}  ${line.line}`);
      if (!missed) survivors.push({ script, number: line.number, line: line.line });
    }
  }
  report(tried, survivors);
  return survivors.length === 0 ? 0 : 1;
}

function report(tried: number, survivors: readonly Survivor[]): void {
  writeFileSync(path.join(folder, "shell.json"), `${JSON.stringify({ tried, survivors }, null, 2)}\n`);
  const noticed = tried - survivors.length;
  console.log(`${noticed} of ${tried} guarded lines are missed by a test when they are left out.`);
  for (const { script, number, line } of survivors) console.log(`  ${script}:${number}  ${line}`);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
