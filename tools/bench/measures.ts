import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { mustSucceed, type StackRun } from "../../test/engine/support/stack.js";
import { repositoryRoot } from "../paths.js";
import { type BenchHost, upWith } from "./host.js";
import { median, type Row } from "./tables.js";
import { quicker, type WatchedRun, watched } from "./watched-run.js";

const added = 16;
const repeats = 5;

/** What a refresh costs the provider alone, and the engine. */
export interface Refreshes {
  readonly provider: Omit<WatchedRun, "peakMiB">;
  readonly engine: WatchedRun;
}

/** Measures what 16 vGPUs cost beyond 16 resources that do nothing: made in one `up`, and in an unchanged one. */
export async function measureMaking(bench: BenchHost): Promise<Row[]> {
  const { host, floor } = bench;
  const floorMade = mustSucceed(await upWith(floor, 2 + added));
  const made = await watchedStack(bench, () => upWith(host, 2 + added));
  const unchanged = ["--skip-preview", "--expect-no-changes"];
  const floorSame = await quicker(() => watchedStack(bench, () => floor.stack.up(unchanged)));
  const same = await quicker(() => watchedStack(bench, () => host.stack.up(unchanged)));
  return [
    {
      what: `up that makes ${added} vGPUs on a host`,
      against: { what: `${added} empty resources`, seconds: floorMade.durationMs / 1000 },
      ...made,
    },
    {
      what: `up, unchanged, host and ${2 + added} vGPUs`,
      against: { what: "as many empty", seconds: floorSame.seconds },
      ...same,
    },
  ];
}

function watchedStack({ machine }: BenchHost, work: () => Promise<StackRun>) {
  return watched([machine], async () => {
    const run = await work();
    return { ...run, seconds: run.durationMs / 1000 };
  });
}

/** Measures refreshes of the host with 32 vGPUs against those with 2: by the provider alone, and by the engine. */
export async function measureRefresh(bench: BenchHost, few: Refreshes): Promise<Row[]> {
  mustSucceed(await upWith(bench.host, 32));
  const many = await refreshes(bench);
  const against = (run: { readonly seconds: number }) => ({ what: "2 vGPUs", seconds: run.seconds });
  return [
    { what: "refresh by the provider, 32 vGPUs", against: against(few.provider), ...many.provider },
    { what: "pulumi refresh, 32 vGPUs", against: against(few.engine), ...many.engine },
  ];
}

/** Measures refreshes of the host with the vGPUs that it has. */
export async function refreshes(bench: BenchHost): Promise<Refreshes> {
  const refresh = () => bench.host.stack.refresh(["--skip-preview"]);
  const engine = await quicker(() => watchedStack(bench, refresh));
  return { provider: await providerRefresh(bench), engine };
}

/** Reads all that a stack has in a new process each time, as the engine's provider process does. */
export async function providerRefresh({ machine, host, folder }: BenchHost): Promise<Refreshes["provider"]> {
  const { resources } = await host.stack.exportState();
  const file = path.join(folder, "resources.json");
  writeFileSync(file, JSON.stringify(resources.filter(({ type }) => type.includes("dynamic/vgpu:"))));
  await machine.resetCounters();
  const times = Array.from({ length: repeats }, () => readInNewProcess(file));
  const { connections, channels } = await machine.counters();
  return {
    seconds: median(times) / 1000,
    connections: connections / repeats,
    roundTrips: channels / repeats,
  };
}

function readInNewProcess(file: string): number {
  const args = ["--require", "./tools/run-typescript.cjs", "tools/bench/main.ts", "read", file];
  const ran = spawnSync(process.execPath, args, { cwd: repositoryRoot, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`the refresh failed:\n${ran.stdout}${ran.stderr}`);
  return Number(ran.stdout.trim().split("\n").at(-1));
}
