import type { SimulatedMachine } from "../../host/machine/simulated-machine.js";
import { mustSucceed, type Stack } from "./stack.js";

/** When a run is to be killed. */
export interface Killing {
  readonly machine: SimulatedMachine;
  /** Name of the remote command. */
  readonly command: string;
  /** How many commands of this name the run gets to send. @default 1 */
  readonly nth?: number;
  readonly task: "up" | "destroy";
}

/**
 * Runs a stack with kill -9 of engine, program and provider right after a remote command, before its result is sent,
 * and frees the stack again.
 * @throws Error when the run came to its end without that command
 */
export async function killedRun(stack: Stack, { machine, command, nth = 1, task }: Killing): Promise<void> {
  const running = stack.start([task, "--yes", "--skip-preview"]);
  let seen = 0;
  const unhook = await machine.onCommand(({ name }) => {
    if (name === `pulumi-vgpu:${command}` && ++seen === nth) running.kill();
  });
  const { code, output } = await running.ended;
  await unhook();
  if (code !== -1) throw new Error(`${task} ended with ${code} after ${seen} of ${command}:\n${output}`);
  mustSucceed(await stack.cancel());
}
