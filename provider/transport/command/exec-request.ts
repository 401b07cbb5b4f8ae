import type { DialTerms } from "../link/dial-terms.js";
import type { ExecChannel } from "../link/link.js";
import type { Machine } from "../machine/machine.js";
import type { BecomeRoot } from "./command-line.js";
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

/**
 * What a script answered, without what the login shell printed around it. `code` of one killed by a signal is 128 and the signal's
 * number; then, and only then, the answer may be cut.
 */
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

/** A command whose channel is open, and its standard input, too. */
export interface RunningCommand {
  readonly channel: ExecChannel;
  /** Calls `send` when standard input is the script's: before that it is the login shell's, and then sudo's. */
  input(send: () => void): void;
  /** Hands over what the script prints on standard output, from its first byte on. */
  listen(take: (chunk: Buffer) => void): void;
  readonly result: Promise<ExecResult>;
  /** Ends the wait: the result is this error, the channel is closed. */
  stop(error: Error): void;
}
