import { isVgpuError } from "../../model/errors.js";
import { isRefusedChannel, OpeningTimeout } from "../link/channel-slots.js";
import type { ExecChannel } from "../link/link.js";
import { noSession } from "./answer-failures.js";
import { Command, openingMs } from "./command.js";
import { commandLine } from "./command-line.js";
import type { CommandContext, ExecRequest, ExecResult, RunningCommand } from "./exec-request.js";
import { lostCommand, notStarted } from "./failures.js";

export type { CommandContext, ExecRequest, ExecResult, RunningCommand } from "./exec-request.js";

const defaultDeadlineMs = 120_000;

/**
 * Runs one script in one channel and returns its answer, whatever its exit code.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_ACCOUNT, VGPU_TIMEOUT, VGPU_PROTOCOL
 */
export async function runCommand(context: CommandContext, request: ExecRequest): Promise<ExecResult> {
  const running = await startCommand(context, request);
  const { stdin = "" } = request;
  // The end of the input waits for nothing but a password: what the login shell starts before our script may read to it.
  if (stdin.length === 0 && context.root.by !== "sudo-password") running.channel.end();
  else running.input(() => running.channel.end(stdin));
  return running.result;
}

/** Starts one script; what it prints is collected for `result` and can be listened to besides. */
export async function startCommand(context: CommandContext, request: ExecRequest): Promise<RunningCommand> {
  const { machine, terms, root } = context;
  const line = commandLine(request.script, request.args ?? [], root);
  const deadlineMs = request.deadlineMs ?? defaultDeadlineMs;
  // The way to the machine has a deadline of its own, which may be long: a VM that waits for its vGPU.
  await machine.connect(terms);
  const asked = performance.now();
  const withinMs = Math.min(deadlineMs, openingMs);
  let channel: ExecChannel;
  try {
    channel = await machine.open(line.text, terms, withinMs);
  } catch (error) {
    if (isVgpuError(error)) throw error;
    const { name } = request.script;
    if (isRefusedChannel(error)) throw noSession(context, name);
    if (error instanceof OpeningTimeout) throw notStarted(machine.target, name, withinMs, error.sent);
    throw lostCommand(machine.target, name, error instanceof Error ? error.message : String(error));
  }
  return new Command(channel, context, { ...request, line, deadlineMs, spentMs: performance.now() - asked });
}
