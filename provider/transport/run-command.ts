import { constants } from "node:os";
import type { ClientChannel } from "ssh2";
import { isVgpuError } from "../model/errors.js";
import type { BecomeRoot } from "./command-line.js";
import { commandLine, stderrOfScript } from "./command-line.js";
import { commandTimeout, lostCommand, noSudo } from "./failures.js";
import type { DialTerms, Machine } from "./machine.js";
import type { RemoteScript } from "./remote-script.js";

/** One script to run on a machine. */
export interface ExecRequest {
  readonly script: RemoteScript;
  readonly args?: readonly string[];
  readonly stdin?: string | Buffer;
  /** Milliseconds from the start of the command. @default 120000 */
  readonly deadlineMs?: number;
}

/** What a script answered. `code` of one killed by a signal is 128 and the signal's number. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and as whom a command runs. */
export interface CommandContext {
  readonly machine: Machine;
  readonly terms: DialTerms;
  readonly root: BecomeRoot;
  readonly user: string;
  /** Milliseconds to wait for the operation lock. */
  readonly lockDeadlineMs: number;
  /** Milliseconds of silence after which the machine frees the lock. */
  readonly lockSilenceMs: number;
}

const defaultDeadlineMs = 120_000;

/**
 * Runs one script in one channel and returns its answer, whatever its exit code.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_TIMEOUT
 */
export async function runCommand(context: CommandContext, request: ExecRequest): Promise<ExecResult> {
  const running = await startCommand(context, request);
  running.channel.end(request.stdin ?? "");
  return running.result;
}

/** A command whose channel is open; its standard input has the password, if any, and is still open. */
export interface RunningCommand {
  readonly channel: ClientChannel;
  readonly result: Promise<ExecResult>;
}

/** Starts one script; what it prints is collected for `result` and can be listened to on the channel. */
export async function startCommand(context: CommandContext, request: ExecRequest): Promise<RunningCommand> {
  const { machine, terms, root } = context;
  const line = commandLine(request.script, request.args ?? [], root);
  let channel: ClientChannel;
  try {
    channel = await machine.open(line.text, terms);
  } catch (error) {
    if (isVgpuError(error)) throw error;
    throw lostCommand(
      machine.target,
      request.script.name,
      error instanceof Error ? error.message : String(error),
    );
  }
  if (line.stdinPrefix !== "") channel.write(line.stdinPrefix);
  const result = collect(channel, context, request);
  // Whoever streams may look at the result only at the end.
  result.catch(() => {});
  return { channel, result };
}

function collect(channel: ClientChannel, context: CommandContext, request: ExecRequest): Promise<ExecResult> {
  const { target } = context.machine;
  const { name } = request.script;
  const deadlineMs = request.deadlineMs ?? defaultDeadlineMs;
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(deadlineMs) ? setTimeout(expire, deadlineMs) : undefined;
    function expire(): void {
      reject(commandTimeout(target, name, deadlineMs, text(stderr) || text(stdout)));
      channel.signal("TERM");
      channel.close();
    }
    channel.on("data", (chunk: Buffer) => stdout.push(chunk));
    channel.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    channel.on("error", () => {});
    // Not "exit": it may come before a listener, in one packet with the answer that opens the channel. "close" repeats it.
    channel.on("close", (status?: number | null, signal?: string) => {
      clearTimeout(timer);
      const code = status === null ? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0) : status;
      if (code === undefined) return reject(lostCommand(target, name, lostReason(text(stderr))));
      const ours = stderrOfScript(text(stderr), context.root);
      if (ours !== undefined) return resolve({ code, stdout: text(stdout), stderr: ours });
      const { user, root } = context;
      reject(noSudo(target, user, text(stderr) || text(stdout), root.by === "sudo-password"));
    });
  });
}

function lostReason(stderr: string): string {
  return stderr.trim() === ""
    ? "the channel closed without an exit code"
    : `the channel closed without an exit code, after: ${stderr.trim().slice(-200)}`;
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
