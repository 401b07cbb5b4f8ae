import { constants } from "node:os";
import { endOf } from "../../model/errors.js";
import type { ExecChannel } from "../link/link.js";
import { Answer } from "./answer.js";
import { cutAnswer, joinedOutputs, notBegunInTime } from "./answer-failures.js";
import type { CommandLine } from "./command-line.js";
import type { CommandContext, ExecRequest, ExecResult, RunningCommand } from "./exec-request.js";
import { commandTimeout, lostCommand, tooMuchOutput } from "./failures.js";
import type { KeptBytes } from "./kept-output.js";
import { notRun } from "./not-run.js";
import { SudoPassword } from "./sudo-password.js";

/** For one channel, the wait for others of this run included; and for a script to begin that has no end of its own. Milliseconds. */
export const openingMs = 60_000;

const whole: KeptBytes = { head: 16 * 2 ** 20, tail: 0 };
const ends: KeptBytes = { head: 16 * 2 ** 10, tail: 64 * 2 ** 10 };
/** What one command may send at all, both streams together: more is not an accident. */
const flood = 64 * 2 ** 20;

/** What was asked for, as it is sent, and how much of its time is gone. */
export interface Started extends ExecRequest {
  readonly line: CommandLine;
  readonly deadlineMs: number;
  readonly spentMs: number;
}

/** One command from the opening of its channel to its answer. */
export class Command implements RunningCommand {
  readonly result: Promise<ExecResult>;
  private readonly answer: Answer;
  private readonly password: SudoPassword | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly awaiting: (() => void)[] = [];
  private resolve: (result: ExecResult) => void = () => {};
  private reject: (error: Error) => void = () => {};
  private over = false;

  constructor(
    readonly channel: ExecChannel,
    private readonly context: CommandContext,
    private readonly request: Started,
  ) {
    const { root } = context;
    this.answer = new Answer(request.line.marks, request.output === "ends" ? ends : whole, ends);
    if (root.by === "sudo-password")
      this.password = new SudoPassword(channel, root.password, request.line.marks);
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever streams may look at the result only at the end.
    this.result.catch(() => {});
    this.watch();
    this.limit(request.deadlineMs, () => this.lateError());
    // A command without an end has to begin all the same.
    if (!Number.isFinite(request.deadlineMs))
      this.limit(openingMs, () => (this.answer.begun ? undefined : this.lateError()));
  }

  input(send: () => void): void {
    if (this.answer.begun) send();
    else this.awaiting.push(send);
  }

  listen(take: (chunk: Buffer) => void): void {
    this.answer.listen(take);
  }

  stop(error: Error): void {
    this.end();
    this.reject(error);
    this.context.machine.abandon(this.channel);
  }

  private watch(): void {
    const { channel } = this;
    channel.on("data", (chunk: Buffer) => this.keep(() => this.answer.takeOutput(chunk)));
    channel.stderr.on("data", (chunk: Buffer) => this.keep(() => this.answer.takeErrors(chunk)));
    channel.on("error", () => {});
    // Not "exit": it may come before a listener, in one packet with the answer that opens the channel. "close" repeats it.
    channel.on("close", (status?: number | null, signal?: string) => {
      if (this.over) return;
      this.end();
      this.answer.finish();
      this.settle(status === null ? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0) : status);
    });
  }

  private keep(take: () => void): void {
    if (this.over) return;
    const begunBefore = this.answer.begun;
    take();
    const { answer, request, context } = this;
    const cut = request.output !== "ends" && answer.output.leftOut > 0;
    if (cut || answer.total > flood) {
      const { target } = context.machine;
      this.stop(tooMuchOutput(target, request.script.name, cut ? whole.head : flood, answer.anyOutput()));
    } else if (answer.begun) {
      if (begunBefore) return;
      // It may be announced in one piece with the script, by a sudo that does not ask.
      this.password?.reached();
      this.password?.taken();
      for (const send of this.awaiting.splice(0)) send();
    } else {
      if (answer.reached) this.password?.reached();
      this.password?.see(answer.errorsBefore());
    }
  }

  private settle(status: number | undefined): void {
    const { answer, context, request } = this;
    const { target } = context.machine;
    const { name } = request.script;
    // The end mark alone is no answer: standard error may have gone with the connection.
    const code = status === undefined ? undefined : (answer.code ?? status);
    if (code === undefined) this.reject(lostCommand(target, name, lostReason(answer.anyErrors())));
    else if (!answer.begun) this.reject(notRun(context, answer, { name, code }));
    else if (answer.joined) this.reject(joinedOutputs(context, name));
    else if (answer.code === undefined && code < 128) this.reject(cutAnswer(target, name, code, answer));
    else this.resolve({ code, stdout: answer.output.text(), stderr: answer.errors.text() });
  }

  private limit(deadlineMs: number, late: () => Error | undefined): void {
    const leftMs = Math.max(1, deadlineMs - this.request.spentMs);
    if (!Number.isFinite(leftMs)) return;
    const expire = () => {
      const error = late();
      if (error === undefined) return;
      this.channel.signal("TERM");
      this.stop(error);
    };
    this.timers.push(setTimeout(expire, leftMs));
  }

  private lateError(): Error {
    const { answer, context, request } = this;
    const { target } = context.machine;
    const { name } = request.script;
    const limitMs = Number.isFinite(request.deadlineMs) ? request.deadlineMs : openingMs;
    return answer.begun
      ? commandTimeout(target, name, limitMs, answer.errors.text() || answer.output.text())
      : notBegunInTime(context, name, limitMs, answer.anyErrors() || answer.anyOutput());
  }

  private end(): void {
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.password?.end();
  }
}

function lostReason(stderr: string): string {
  return stderr.trim() === ""
    ? "the channel closed without an exit code"
    : `the channel closed without an exit code, after: ${endOf(stderr.trim(), 200)}`;
}
