// Leaves out one guarded line of the shell scripts at a time, and names those that no test misses:
// npm run mutate:shell                     all scripts, hours on 2 cores
// npm run mutate:shell -- vgpus functions  some, by name
// npm run mutate:shell -- --map            finds out anew which test files run which scripts
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { toolCache } from "../paths.js";
import { callersOf, functionAround, type GuardedLine, guardedLines, mentions } from "./guarded-lines.js";
import { shellScripts, syntaxIsSound } from "./shell-scripts.js";
import { readTestMap, type TestMap } from "./test-map.js";
import { makeCopy, type TreeCopy } from "./tree-copy.js";

const folder = path.join(toolCache, "mutation");
const libraries = ["apply/shell/manifest.sh", "apply/shell/functions.sh"];

interface Survivor {
  readonly script: string;
  readonly number: number;
  readonly line: string;
}

/** Returns the test files that run a line, the quickest first. */
function testsOf(script: string, line: GuardedLine, map: TestMap): readonly string[] {
  const runners = libraries.includes(script) ? usersOf(script, line) : [path.basename(script, ".sh")];
  const files = new Set(runners.flatMap((name) => map.scripts[name] ?? []));
  return [...files].sort((a, b) => (map.seconds[a] ?? 0) - (map.seconds[b] ?? 0));
}

/** Returns the changing scripts that use the function which a line of a library stands in. */
function usersOf(script: string, { number }: GuardedLine): string[] {
  const texts = shellScripts();
  const library = libraries.map((name) => texts.get(name) ?? "").join("");
  const name = functionAround(texts.get(script) ?? "", number);
  const names = name === undefined ? undefined : callersOf(name, library);
  return [...texts]
    .filter(([file]) => file.startsWith("apply/shell/") && !libraries.includes(file))
    .filter(([, text]) => names === undefined || [...names].some((one) => mentions(text, one)))
    .map(([file]) => path.basename(file, ".sh"));
}

async function isMissed(
  { copy, map }: { readonly copy: TreeCopy; readonly map: TestMap },
  script: string,
  line: GuardedLine,
): Promise<boolean> {
  const file = `provider/${script}`;
  copy.write(file, line.without);
  try {
    if (!(await copy.passes("unit", ["test/unit/apply", "test/unit/observe", "test/unit/transport"])))
      return true;
    for (const test of testsOf(script, line, map)) if (!(await copy.passes("host", [test]))) return true;
    return false;
  } finally {
    copy.restore(file);
  }
}

async function main(args: readonly string[]): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const map = await readTestMap(path.join(folder, "tests-of-scripts.json"), args.includes("--map"));
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const scripts = [...shellScripts()].filter(
    ([script]) => wanted.length === 0 || wanted.includes(path.basename(script, ".sh")),
  );
  const copy = makeCopy(path.join(folder, "tree"));
  const survivors: Survivor[] = [];
  let tried = 0;
  for (const [script, text] of scripts) {
    for (const line of guardedLines(text, syntaxIsSound)) {
      tried++;
      const missed = await isMissed({ copy, map }, script, line);
      console.log(`${missed ? "noticed" : "UNNOTICED"}  ${script}:${line.number}  ${line.line}`);
      if (!missed) survivors.push({ script, number: line.number, line: line.line });
    }
  }
  const report = path.join(folder, "shell.json");
  writeFileSync(report, `${JSON.stringify({ tried, survivors }, null, 2)}\n`);
  console.log(
    `${tried - survivors.length} of ${tried} guarded lines are missed by a test when they are left out.`,
  );
  for (const { script, number, line } of survivors) console.log(`  ${script}:${number}  ${line}`);
  return survivors.length === 0 ? 0 : 1;
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
