// The tasks of `npm run`. tools/bootstrap.mjs has installed the dependencies and chosen the Node before.
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "./build.js";
import { ensureEngine } from "./engine/ensure-engine.js";
import { labMissing } from "./lab/readiness.js";
import { setUpLab } from "./lab/setup.js";
import { repositoryRoot, toolCache } from "./paths.js";
import { writeReference } from "./reference/reference.js";
import { runProgram } from "./run-program.js";
import { checkStages, runStages, stages, testStages } from "./stages.js";

type Task = (args: readonly string[]) => Promise<number>;

const tasks: Record<string, Task> = {
  demo: async (args) => {
    await ready();
    return runScript("tools/demo/main.ts", args);
  },
  test: async () => runStages(testStages),
  check: async () => runStages(checkStages),
  lint: async () => runStages([stages.lint]),
  format: async () => runProgram("biome", ["check", "--write", "."]),
  build: async () => build(),
  reference: async () => writeReference(),
  unit: async (args) => vitest("unit", args),
  host: async (args) => vitest("host", args),
  engine: async (args) => {
    await ready();
    return vitest("engine", args);
  },
  lab: async (args) => runScript("tools/lab/main.ts", args),
  "lab:setup": async () => {
    await setUpLab();
    return 0;
  },
  "test:lab": async (args) => {
    const missing = labMissing();
    if (missing !== undefined) throw new Error(missing);
    await ready();
    return vitest("lab", args);
  },
  bench: async (args) => {
    await ready();
    return runScript("tools/bench/main.ts", args);
  },
  mutate: async (args) => runProgram("stryker", ["run", "tools/mutate/stryker.config.json", ...args]),
  "mutate:tables": async (args) =>
    runProgram("stryker", ["run", "tools/mutate/tables.stryker.json", ...args]),
  "mutate:shell": async (args) => runScript("tools/mutate/shell-main.ts", args),
  setup: async () => {
    await ready();
    return 0;
  },
  clean: async () => {
    for (const folder of [path.join(repositoryRoot, "dist"), toolCache]) {
      rmSync(folder, { recursive: true, force: true });
    }
    return 0;
  },
};

async function ready(): Promise<void> {
  if ((await build()) !== 0) throw new Error("The package does not compile, see above.");
  await ensureEngine();
}

function runScript(script: string, args: readonly string[]): Promise<number> {
  return runProgram(process.execPath, ["--require", "./tools/run-typescript.cjs", script, ...args]);
}

function vitest(project: string, args: readonly string[]): Promise<number> {
  return runProgram("vitest", ["run", "--project", project, ...args]);
}

async function main(): Promise<number> {
  const [name = "help", ...args] = process.argv.slice(2);
  const task = tasks[name];
  if (task === undefined) {
    console.log(`There is no task "${name}". Tasks: ${Object.keys(tasks).join(", ")}.`);
    return name === "help" ? 0 : 1;
  }
  return task(args);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
