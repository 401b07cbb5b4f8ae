import { readdirSync, readFileSync } from "node:fs";
import type { SimulatedMachine } from "../../test/host/machine/simulated-machine.js";
import { type PulumiCall, runPulumi } from "../demo/pulumi.js";

/** One call of `pulumi` and what it cost. */
export interface WatchedRun {
  readonly seconds: number;
  readonly connections: number;
  readonly roundTrips: number;
  /** Of the largest process that runs providers, MiB. */
  readonly peakMiB: number;
}

/** Runs `work`, which starts `pulumi`, and counts what reaches the machines meanwhile. */
export async function watched(
  machines: readonly SimulatedMachine[],
  work: () => Promise<{ readonly code: number; readonly output: string; readonly seconds: number }>,
): Promise<WatchedRun> {
  await Promise.all(machines.map((machine) => machine.resetCounters()));
  let peakKiB = 0;
  const sampling = setInterval(() => {
    peakKiB = Math.max(peakKiB, providerPeakKiB());
  }, 100);
  const run = await work().finally(() => clearInterval(sampling));
  if (run.code !== 0) throw new Error(`pulumi exited with ${run.code}:\n${run.output}`);
  const counters = await Promise.all(machines.map((machine) => machine.counters()));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    seconds: run.seconds,
    connections: sum(counters.map((counter) => counter.connections)),
    roundTrips: sum(counters.map((counter) => counter.channels)),
    peakMiB: Math.round(peakKiB / 1024),
  };
}

/** Does the same thing twice and returns the quicker one: a busy moment of this machine is no measure. */
export async function quicker<T extends { readonly seconds: number }>(work: () => Promise<T>): Promise<T> {
  const [first, second] = [await work(), await work()];
  return second.seconds < first.seconds ? second : first;
}

/** Runs `pulumi` without showing it. */
export function quietPulumi(args: readonly string[], env: PulumiCall["env"]) {
  return runPulumi(args, { env, quiet: true });
}

/** High-water mark of the provider processes below this one; another project's are not counted. */
function providerPeakKiB(): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? /^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1] : undefined;
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const peaks = [...parents.keys()]
    .filter((pid) => isBelow(pid, parents) && read(`/proc/${pid}/cmdline`).includes("dynamic-provider"))
    .map((pid) => Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0));
  return Math.max(0, ...peaks);
}

function isBelow(pid: number, parents: ReadonlyMap<number, number>): boolean {
  for (let one: number | undefined = pid; one !== undefined && one > 1; one = parents.get(one)) {
    if (one === process.pid) return true;
  }
  return false;
}

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
