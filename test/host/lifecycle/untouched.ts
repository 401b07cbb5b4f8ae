import { expect } from "vitest";
import type { SimulatedMachine } from "../machine/simulated-machine.js";

/** What a machine was like before a plan that must not touch it. */
export interface Note {
  readonly digest: string;
  readonly boots: number;
  readonly commands: number;
}

/** Scripts that only read, and the lock under which they may. */
const looking = [
  "pulumi-vgpu:observe-host",
  "pulumi-vgpu:observe-guest",
  "pulumi-vgpu:hold-lock",
  "pulumi-vgpu:look-at-package",
];

/** Notes what a machine is like. */
export async function noteOf(machine: SimulatedMachine): Promise<Note> {
  const [digest, { boots }, commands] = await Promise.all([
    machine.digest(),
    machine.counters(),
    machine.commands(),
  ]);
  return { digest, boots, commands: commands.length };
}

/** Fails unless the machine is as it was, and was asked only by scripts that read. */
export async function expectUntouched(machine: SimulatedMachine, before: Note): Promise<void> {
  const commands = await commandsSince(machine, before);
  expect(commands.filter((name) => !looking.includes(name))).toEqual([]);
  expect(await machine.digest()).toBe(before.digest);
  expect((await machine.counters()).boots).toBe(before.boots);
}

/** Returns the names of the commands that came since. */
export async function commandsSince(machine: SimulatedMachine, before: Note): Promise<string[]> {
  return (await machine.commands()).slice(before.commands).map(({ name }) => name);
}

/** Returns the commands since that may change something. */
export async function changesSince(machine: SimulatedMachine, before: Note): Promise<string[]> {
  return (await commandsSince(machine, before)).filter((name) => !looking.includes(name));
}
