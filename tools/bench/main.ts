// `npm run bench`: times as ratios within one run, round trips, connections and memory. See docs/measures.md.
import os from "node:os";
import { openStage } from "../demo/stage.js";
import { measureCrowd } from "./crowd.js";
import { measureFleet } from "./fleet.js";
import { openBenchHost } from "./host.js";
import { measureMaking, measureRefresh, refreshes } from "./measures.js";
import { type Row, tables } from "./tables.js";

async function main(): Promise<void> {
  const started = Date.now();
  console.log("Bench: simulated hosts on this machine, the real engine. Two to three minutes.");
  const stage = await openStage();
  const rows: Row[] = [];
  const measure = async (what: string, work: () => Promise<readonly Row[]>) => {
    console.log(`Bench: ${what}`);
    rows.push(...(await work()));
  };
  try {
    await measure("the demo fleet", () => measureFleet(stage));
    const bench = await openBenchHost(stage);
    try {
      const few = await refreshes(bench);
      await measure("a refresh among 6,000 processes and 500 VMs", () => measureCrowd(bench, few));
      await measure("16 vGPUs on one host against 16 empty resources", () => measureMaking(bench));
      await measure("a refresh of 32 vGPUs against one of 2", () => measureRefresh(bench, few));
    } finally {
      bench.host.close();
      bench.floor.close();
    }
  } finally {
    await stage.close();
  }
  console.log(`\n${tables(rows)}\n`);
  console.log(`Conditions: ${conditions()}; whole run ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

/** What the numbers depend on. */
function conditions(): string {
  const load = os
    .loadavg()
    .map((value) => value.toFixed(1))
    .join(" ");
  return `${os.cpus().length} cores (${os.cpus()[0]?.model.trim() ?? "unknown"}), load ${load}, Node ${process.versions.node}`;
}

/** `main.ts read FILE`, for processes of our own: prints the milliseconds of one refresh. */
async function readOnce(file: string): Promise<void> {
  const { readAll } = await import("./read-all.js");
  const milliseconds = await readAll(file);
  process.stdout.write(`${milliseconds}\n`, () => process.exit(0));
}

const [task, file = ""] = process.argv.slice(2);
(task === "read" ? readOnce(file) : main()).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
