import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { repositoryRoot } from "../paths.js";
import { makeCopy } from "./tree-copy.js";

/** Which test files of simulated hosts run which scripts, and how long they take. */
export interface TestMap {
  /** By the script's name without its ending. */
  readonly scripts: Readonly<Record<string, readonly string[]>>;
  readonly seconds: Readonly<Record<string, number>>;
}

/** Returns the map that is kept in a file; it is made, a test file at a time, where it is not there or `anew` asks for it. */
export async function readTestMap(file: string, anew: boolean): Promise<TestMap> {
  if (!anew && existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as TestMap;
  const map = await makeTestMap(path.join(path.dirname(file), "tree"));
  writeFileSync(file, `${JSON.stringify(map, null, 2)}\n`);
  return map;
}

async function makeTestMap(folder: string): Promise<TestMap> {
  const copy = makeCopy(folder);
  const scratch = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-scripts-"));
  const scripts: Record<string, string[]> = {};
  const seconds: Record<string, number> = {};
  const lifecycle = path.join(repositoryRoot, "test", "host", "lifecycle");
  for (const name of readdirSync(lifecycle).filter((file) => file.endsWith(".test.ts"))) {
    const test = `test/host/lifecycle/${name}`;
    const log = path.join(scratch, name);
    const started = performance.now();
    if (!(await copy.passes("host", [test], { SIMULATOR_SCRIPT_LOG: log })))
      throw new Error(`${test} fails as it is`);
    seconds[test] = Math.round((performance.now() - started) / 1000);
    const ran = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
    for (const script of new Set(ran.filter((line) => line !== "")))
      scripts[script] = [...(scripts[script] ?? []), test];
    console.log(`${seconds[test]} s  ${test}`);
  }
  rmSync(scratch, { recursive: true });
  return { scripts, seconds };
}
