import { expect } from "vitest";
import type { SimulatedMachine } from "../../host/machine/simulated-machine.js";

/** What a process of the provider runs on a machine without changing it; the lock's file is gone with the boot. */
const looking = new Set([
  "observe-host",
  "observe-guest",
  "look-at-package",
  "hold-lock",
  "read-boot-id",
  "evidence",
]);

/** Returns the names of the commands that a machine was sent since its counters were reset. */
export async function commandNames(machine: SimulatedMachine): Promise<string[]> {
  return (await machine.commands()).map(({ name }) => name.replace(/^pulumi-vgpu:/, ""));
}

/** Returns what a machine was sent that could change it. */
export async function changingCommands(machine: SimulatedMachine): Promise<string[]> {
  return (await commandNames(machine)).filter((name) => !looking.has(name));
}

/** Runs `work` and checks that the machines are, file by file, what they were, and were sent nothing that changes them. */
export async function untouched<T>(
  machines: readonly SimulatedMachine[],
  work: () => Promise<T>,
): Promise<T> {
  const before = await Promise.all(machines.map((machine) => machine.digest()));
  for (const machine of machines) await machine.resetCounters();
  const result = await work();
  for (const [index, machine] of machines.entries()) {
    expect(await changingCommands(machine), machine.name).toEqual([]);
    expect(await machine.digest(), machine.name).toBe(before[index]);
  }
  return result;
}

/** Returns the types of the mdevs that a host itself shows, by UUID. */
export async function mdevsOn(machine: SimulatedMachine): Promise<Readonly<Record<string, string>>> {
  const script = `for d in /sys/bus/mdev/devices/*; do
    [ -d "$d" ] && printf '%s\\t%s\\n' "\${d##*/}" "$(cat "$d/mdev_type/name")"
  done`;
  const { stdout } = await machine.shell(script);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => line.split("\t")));
}
