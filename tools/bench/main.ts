// `npm run bench`: times as ratios within one run, round trips, connections and memory. See docs/measures.md.
import os from "node:os";
import { openStage } from "../demo/stage.js";
import { compareHosts } from "./compare/compare.js";
import { measureCrowd } from "./crowd.js";
import { measureFleet } from "./fleet.js";
import { openBenchHost } from "./host.js";
import { measureMaking, measureRefresh, refreshes } from "./measures.js";
import { type Row, tables } from "./tables.js";

/** `npm run bench -- compare 4 20 50`: 16 vGPUs on so many hosts, beside Ansible on the same SSH servers. */
async function compare(counts: readonly number[]): Promise<void> {
  const rows: Row[] = [];
  for (const count of counts) {
    console.log(`Bench: ${count} hosts × 16 vGPUs, by Ansible, as empty resources, and by us`);
    rows.push(...(await compareHosts(count)));
  }
  console.log(`\n${tables(rows)}\n`);
  console.log(`Conditions: ${conditions()}.`);
}

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

function chosen([task, ...words]: readonly string[]): Promise<void> {
  if (task === "read") return readOnce(words[0] ?? "");
  if (task !== "compare") return main();
  const counts = words.map(Number).filter((count) => Number.isInteger(count) && count > 0);
  return compare(counts.length > 0 ? counts : [4]);
}

chosen(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
