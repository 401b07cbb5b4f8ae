// A frozen state that somebody or a full disk has damaged.
import { readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { labCache } from "../../../tools/lab/cache.js";
import { type FrozenState, startIn } from "../../../tools/lab/vm/frozen-states.js";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";

const below: FrozenState = {
  name: `below-${process.pid}`,
  inputs: [],
  prepare: (machine) => machine.writeFile("/root/below", "yes\n"),
};
const above: FrozenState = {
  name: `above-${process.pid}`,
  inputs: [],
  from: below,
  prepare: (machine) => machine.writeFile("/root/above", "yes\n"),
};
const machines: LabMachine[] = [];

afterAll(async () => {
  await Promise.all(machines.map((machine) => machine.stop()));
  for (const { name } of [above, below]) rmSync(path.dirname(stateFile(name, "id")), { recursive: true });
});

/** Starts a machine in the upper state: both were prepared. */
async function start(): Promise<LabMachine> {
  const machine = await startIn(above, { name: "thawed", kind: "mtty" });
  machines.push(machine);
  expect(await machine.expect("cat /root/below /root/above")).toBe("yes\nyes\n");
  return machine;
}

function stateFile(state: string, name: string): string {
  const states = path.join(labCache(), "states");
  const found = readdirSync(states, { recursive: true, encoding: "utf8" }).find(
    (file) => file.includes(state) && path.basename(file) === name,
  );
  if (found === undefined) throw new Error(`no ${name} of the state ${state}`);
  return path.join(states, found);
}

const ids = () => [below, above].map(({ name }) => readFileSync(stateFile(name, "id"), "utf8"));

it("is gone on from as long as it is whole", async () => {
  await (await start()).stop();
  const before = ids();
  await (await start()).stop();
  expect(ids()).toEqual(before);
});

it("is made anew when its memory was cut short, on the same disk", async () => {
  const [lower, upper] = ids();
  truncateSync(stateFile(above.name, "memory.zst"), 1000);
  await (await start()).stop();
  expect(ids()).toEqual([lower, expect.not.stringMatching(upper ?? "")]);
});

it("is made anew with all that stands on it when its disk was cut short", async () => {
  const before = ids();
  truncateSync(stateFile(below.name, "disk.qcow2"), 1000);
  await (await start()).stop();
  for (const [index, id] of ids().entries()) expect(id).not.toBe(before[index]);
});
