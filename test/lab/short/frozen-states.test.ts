// A frozen state that somebody or a full disk has damaged.
import { readdirSync, rmSync, truncateSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { labCache } from "../../../tools/lab/cache.js";
import { type FrozenState, startIn } from "../../../tools/lab/vm/frozen-states.js";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";

const prepared: FrozenState = {
  name: `prepared-${process.pid}`,
  inputs: [],
  prepare: (machine) => machine.writeFile("/root/prepared", "yes\n"),
};
const machines: LabMachine[] = [];

afterAll(async () => {
  await Promise.all(machines.map((machine) => machine.stop()));
  rmSync(path.dirname(stateFile("disk.qcow2")), { recursive: true });
});

async function start(): Promise<LabMachine> {
  const machine = await startIn(prepared, { name: "thawed", kind: "mtty" });
  machines.push(machine);
  return machine;
}

function stateFile(name: string): string {
  const states = path.join(labCache(), "states");
  const found = readdirSync(states, { recursive: true, encoding: "utf8" }).find(
    (file) => file.includes(prepared.name) && path.basename(file) === name,
  );
  if (found === undefined) throw new Error(`no ${name} of the state ${prepared.name}`);
  return path.join(states, found);
}

it.for(["memory.zst", "disk.qcow2"])("is made anew when its %s was cut short", async (name) => {
  await (await start()).stop();
  truncateSync(stateFile(name), 1000);
  expect(await (await start()).readFile("/root/prepared")).toBe("yes\n");
});
