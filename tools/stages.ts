import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { build } from "./build.js";
import { runRepositoryChecks } from "./checks/run-checks.js";
import { ensureEngine } from "./engine/ensure-engine.js";
import { labMissing } from "./lab/readiness.js";
import { toolCache } from "./paths.js";
import { checkReference } from "./reference/reference.js";
import { runProgram } from "./run-program.js";

/** One part of the test command. */
export interface Stage {
  readonly name: string;
  run(): Promise<StageResult>;
}

/** What a stage came to; the counts of a stage that runs no tests are undefined. */
export interface StageResult {
  readonly code: number;
  readonly tests?: TestCounts;
}

interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The slice of vitest's JSON report that is read. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Need nothing but a machine that has booted; the others build drivers. */
const labPartFiles = ["test/lab/short", "test/lab/contracts/mtty.test.ts"];

const layerFolders = ["sdk", "provider", "test", "tools"];

/** Every stage by name. */
export const stages = {
  build: { name: "build", run: async () => ({ code: await build() }) },
  types: { name: "types", run: () => program("tsc", ["-p", "tsconfig.json"]) },
  lint: { name: "lint", run: () => program("biome", ["check", "--error-on-warnings", "."]) },
  layers: {
    name: "import direction",
    run: () =>
      program("depcruise", ["--config", ".dependency-cruiser.cjs", ...layerFolders.filter(existsSync)]),
  },
  knip: { name: "unused code", run: () => program("knip", ["--no-progress"]) },
  repository: { name: "repository", run: async () => ({ code: await runRepositoryChecks() }) },
  reference: { name: "argument reference", run: async () => ({ code: checkReference() }) },
  unit: { name: "unit", run: () => vitest("unit") },
  host: { name: "simulated hosts", run: () => vitest("host") },
  prepareEngine: { name: "engine set-up", run: prepareEngine },
  engine: { name: "real engine", run: () => vitest("engine") },
  lab: { name: "lab", run: () => labPart(labMissing(), process.env) },
} satisfies Record<string, Stage>;

/** All that needs neither a host nor an engine and is quick. */
export const checkStages: readonly Stage[] = [
  stages.build,
  stages.types,
  stages.lint,
  stages.layers,
  stages.knip,
  stages.repository,
  stages.reference,
];

/** What `npm test` runs, in this order. */
export const testStages: readonly Stage[] = [
  ...checkStages,
  stages.unit,
  stages.host,
  stages.prepareEngine,
  stages.engine,
  stages.lab,
];

/** Runs every stage, whatever became of the ones before, until Ctrl-C, and sums up. Gives the exit code. */
export async function runStages(list: readonly Stage[]): Promise<number> {
  const rows: { readonly stage: Stage; readonly result: StageResult; readonly seconds: number }[] = [];
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.on("SIGINT", interrupt);
  for (const stage of list) {
    if (interrupted) break;
    if (list.length > 1) console.log(`\n== ${stage.name}`);
    const started = Date.now();
    const result = await stage.run().catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      return { code: 1 } satisfies StageResult;
    });
    rows.push({ stage, result, seconds: (Date.now() - started) / 1000 });
  }
  process.removeListener("SIGINT", interrupt);
  if (list.length > 1) console.log(`\n${summary(rows)}`);
  return interrupted || rows.some(({ result }) => result.code !== 0) ? 1 : 0;
}

/** A table of stages; its last line counts tests, and each failed stage without a failed test as one failure. */
export function summary(
  rows: readonly {
    readonly stage: Pick<Stage, "name">;
    readonly result: StageResult;
    readonly seconds: number;
  }[],
): string {
  const width = Math.max(...rows.map(({ stage }) => stage.name.length));
  let passed = 0;
  let failed = 0;
  const lines = rows.map(({ stage, result, seconds }) => {
    passed += result.tests?.passed ?? 0;
    failed += Math.max(result.tests?.failed ?? 0, result.code === 0 ? 0 : 1);
    const verdict = result.code === 0 ? "ok    " : "FAILED";
    const line = `${stage.name.padEnd(width)}  ${verdict}  ${seconds.toFixed(1).padStart(6)} s  ${counted(result)}`;
    return line.trimEnd();
  });
  const total = rows.reduce((sum, row) => sum + row.seconds, 0);
  lines.push(
    `${"".padEnd(width)}          ${total.toFixed(1).padStart(6)} s`,
    "",
    `${passed} passed, ${failed} failed`,
  );
  return lines.join("\n");
}

function counted({ tests }: StageResult): string {
  if (tests === undefined) return "";
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
  return `${tests.passed} passed, ${tests.failed} failed${skipped}`;
}

async function program(name: string, args: readonly string[]): Promise<StageResult> {
  return { code: await runProgram(name, args) };
}

async function prepareEngine(): Promise<StageResult> {
  await ensureEngine();
  return { code: 0 };
}

/** Runs the part of the lab's tests that takes minutes. Where it cannot run that is said; continuous integration fails. */
export async function labPart(
  missing: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<StageResult> {
  if (missing === undefined) return vitest("lab", labPartFiles);
  console.log(missing);
  return { code: environment.CI === "true" ? 1 : 0 };
}

async function vitest(project: string, files: readonly string[] = []): Promise<StageResult> {
  const report = path.join(toolCache, "reports", `${project}.json`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await runProgram("vitest", ["run", "--project", project, ...files, ...reporters]);
  if (!existsSync(report)) return { code: code === 0 ? 1 : code };
  return { code, tests: countTests(JSON.parse(readFileSync(report, "utf8")) as VitestReport) };
}

/** A test file that does not even load has no tests that could fail: it counts as one. */
function countTests(report: VitestReport): TestCounts {
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
