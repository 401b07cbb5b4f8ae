import { type Run, type RunRequest, startRun } from "../../fleet/run.js";
import type { CommandRecord } from "../machine/protocol.js";
import type { SimulatedMachine } from "../machine/simulated-machine.js";

/** Says whether the run is killed right after a command, before its result is sent; `index` counts from 1 in each run. */
export type Killer = (command: CommandRecord, index: number) => boolean;

/** The lock's command lasts as long as the run: it ends because of the kill, not before it. */
function isLasting(command: CommandRecord): boolean {
  return command.name === "pulumi-vgpu:hold-lock";
}

/** Runs once, with kill -9 where the killer says so. Returns the command after which it was killed, `null` at its end. */
export async function runWithKiller(
  machine: SimulatedMachine,
  request: RunRequest,
  killer: Killer,
): Promise<CommandRecord | null> {
  let index = 0;
  let struck: CommandRecord | null = null;
  const run: Run = startRun(request);
  const unhook = await machine.onCommand(async (command) => {
    if (isLasting(command) || struck !== null) return;
    index++;
    if (!killer(command, index)) return;
    struck = command;
    await run.kill();
  });
  const { error } = await run.ended;
  await unhook();
  if (error !== "") throw new Error(error);
  return struck;
}

const reading = /^pulumi-vgpu:(observe-.*|look-at-package|read-boot-id|prepare-job|evidence)$/;

function changes(command: CommandRecord): boolean {
  return !reading.test(command.name);
}

/** More than any run needs: a chain that does not end is one that makes no progress. */
const mostRuns = 120;

/**
 * Runs again and again, each run killed one command later than the one before, at the latest when it has changed
 * something: so every state that the machine passes through sees a kill after each command that a run sends in it.
 * Returns the commands after which runs were killed; the last run comes to its end.
 * @param which "changes": only after commands that change something
 */
export async function killAfterEachCommand(
  machine: SimulatedMachine,
  request: RunRequest,
  which: "all" | "changes",
): Promise<string[]> {
  const kills: string[] = [];
  let next = 1;
  for (let runs = 0; runs < mostRuns; runs++) {
    const due = (command: CommandRecord, index: number) =>
      changes(command) || (which === "all" && index === next);
    const struck = await runWithKiller(machine, request, due);
    if (struck === null) return kills;
    kills.push(struck.name.replace("pulumi-vgpu:", ""));
    next = changes(struck) ? 1 : next + 1;
  }
  throw new Error(`no end after ${mostRuns} runs; killed after: ${kills.join(" ")}`);
}
