import { constants } from "node:os";
import type { ClientChannel } from "ssh2";
import { endOf, isVgpuError } from "../model/errors.js";
import { OpeningTimeout } from "./channel-slots.js";
import type { BecomeRoot } from "./command-line.js";
import { commandLine, stderrOfScript } from "./command-line.js";
import { commandTimeout, lostCommand, noSudo, notStarted, tooMuchOutput } from "./failures.js";
import { type KeptBytes, KeptOutput } from "./kept-output.js";
import type { DialTerms, Machine } from "./machine.js";
import type { RemoteScript } from "./remote-script.js";

/** One script to run on a machine. */
export interface ExecRequest {
  readonly script: RemoteScript;
  readonly args?: readonly string[];
  readonly stdin?: string | Buffer;
  /** Milliseconds from the call, once the machine is connected, to the end of the command. @default 120000 */
  readonly deadlineMs?: number;
  /**
   * What becomes of a long standard output: `"whole"` fails over 16 MiB, `"ends"` keeps the first 16 KiB and the last
   * 64 KiB with a line between them that says how much is missing. Standard error is always kept so. @default "whole"
   */
  readonly output?: "whole" | "ends";
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
/** For one channel, the wait for others of this run included. */
const openingMs = 60_000;

const whole: KeptBytes = { head: 16 * 2 ** 20, tail: 0 };
const ends: KeptBytes = { head: 16 * 2 ** 10, tail: 64 * 2 ** 10 };
/** What one command may send at all, both streams together: more is not an accident. */
const flood = 64 * 2 ** 20;

/**
 * Runs one script in one channel and returns its answer, whatever its exit code.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_TIMEOUT, VGPU_PROTOCOL
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
  /** Ends the wait: the result is this error, the channel is closed. */
  stop(error: Error): void;
}

/** Starts one script; what it prints is collected for `result` and can be listened to on the channel. */
export async function startCommand(context: CommandContext, request: ExecRequest): Promise<RunningCommand> {
  const { machine, terms, root } = context;
  const line = commandLine(request.script, request.args ?? [], root);
  const deadlineMs = request.deadlineMs ?? defaultDeadlineMs;
  // The way to the machine has a deadline of its own, which may be long: a VM that waits for its vGPU.
  await machine.connect(terms);
  const asked = performance.now();
  const withinMs = Math.min(deadlineMs, openingMs);
  let channel: ClientChannel;
  try {
    channel = await machine.open(line.text, terms, withinMs);
  } catch (error) {
    if (isVgpuError(error)) throw error;
    const { name } = request.script;
    if (error instanceof OpeningTimeout) throw notStarted(machine.target, name, withinMs, error.sent);
    throw lostCommand(machine.target, name, error instanceof Error ? error.message : String(error));
  }
  if (line.stdinPrefix !== "") channel.write(line.stdinPrefix);
  const running = collect(channel, context, { ...request, deadlineMs, spentMs: performance.now() - asked });
  // Whoever streams may look at the result only at the end.
  running.result.catch(() => {});
  return { channel, ...running };
}

interface Collected extends ExecRequest {
  readonly deadlineMs: number;
  readonly spentMs: number;
}

function collect(
  channel: ClientChannel,
  context: CommandContext,
  request: Collected,
): Omit<RunningCommand, "channel"> {
  const { target } = context.machine;
  const { name } = request.script;
  const stdout = new KeptOutput(request.output === "ends" ? ends : whole);
  const stderr = new KeptOutput(ends);
  let stop: (error: Error) => void = () => {};
  const result = new Promise<ExecResult>((resolve, reject) => {
    const expire = () => {
      channel.signal("TERM");
      stop(commandTimeout(target, name, request.deadlineMs, stderr.text() || stdout.text()));
    };
    const leftMs = Math.max(1, request.deadlineMs - request.spentMs);
    const timer = Number.isFinite(leftMs) ? setTimeout(expire, leftMs) : undefined;
    let over = false;
    stop = (error) => {
      over = true;
      clearTimeout(timer);
      reject(error);
      context.machine.abandon(channel);
    };
    const keep = (stream: KeptOutput, chunk: Buffer) => {
      if (over) return;
      stream.add(chunk);
      const total = stdout.total + stderr.total;
      const cut = request.output !== "ends" && stdout.leftOut > 0;
      if (cut || total > flood) stop(tooMuchOutput(target, name, cut ? whole.head : flood, stdout.text()));
    };
    channel.on("data", (chunk: Buffer) => keep(stdout, chunk));
    channel.stderr.on("data", (chunk: Buffer) => keep(stderr, chunk));
    channel.on("error", () => {});
    // Not "exit": it may come before a listener, in one packet with the answer that opens the channel. "close" repeats it.
    channel.on("close", (status?: number | null, signal?: string) => {
      clearTimeout(timer);
      if (over) return;
      const code = status === null ? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0) : status;
      if (code === undefined) return reject(lostCommand(target, name, lostReason(stderr.text())));
      const ours = stderrOfScript(stderr.text(), context.root);
      if (ours !== undefined) return resolve({ code, stdout: stdout.text(), stderr: ours });
      const { user, root } = context;
      reject(noSudo(target, user, stderr.text() || stdout.text(), root.by === "sudo-password"));
    });
  });
  return { result, stop: (error) => stop(error) };
}

function lostReason(stderr: string): string {
  return stderr.trim() === ""
    ? "the channel closed without an exit code"
    : `the channel closed without an exit code, after: ${endOf(stderr.trim(), 200)}`;
}
