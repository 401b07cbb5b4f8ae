import type { SimulatedMachine } from "../../host/machine/simulated-machine.js";
import { mustSucceed, type RunningStack, type Stack, type StackRun } from "./stack.js";

/** The remote command after which a run dies: the n-th of that name on that machine. */
export interface DeathPoint {
  readonly machine: SimulatedMachine;
  readonly command: string;
  /** @default 1 */
  readonly nth?: number;
}

/**
 * Runs `pulumi` and kills engine, program and provider (-9) when the machine has run the command, before its answer is
 * sent; then frees the stack by `pulumi cancel`.
 */
export async function killAfter(stack: Stack, args: readonly string[], point: DeathPoint): Promise<StackRun> {
  let running: RunningStack | undefined;
  let left = point.nth ?? 1;
  const unhook = await point.machine.onCommand(({ name }) => {
    if (name.replace(/^pulumi-vgpu:/, "") === point.command && --left === 0) running?.kill();
  });
  running = stack.start(args);
  const run = await running.ended;
  await unhook();
  if (left > 0)
    throw new Error(`the run ended without ${point.command} on ${point.machine.name}:\n${run.output}`);
  mustSucceed(await stack.cancel());
  return run;
}
