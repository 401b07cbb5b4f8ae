import { type CommandContext, type RunningCommand, startCommand } from "../command/run-command.js";
import { within } from "../link/within.js";
import {
  holderText,
  type LockHolder,
  lockTimeout,
  lockUnasked,
  lockUnavailable,
  parseHolder,
} from "./lock-failures.js";
import { jobsPath, lockScript } from "./lock-scripts.js";

/** One question for the machine's lock. */
export interface LockQuestion {
  readonly context: CommandContext;
  /** Who asks, for the other run's message. */
  readonly who: string;
  readonly token: string;
  /** Told now and then what is waited for. */
  readonly onWait: (text: string) => void;
}

/** What the machine says of the start of a job; `undefined` when the channel went before the answer. */
export type StartAnswer = "started" | "running" | "busy" | undefined;

/** A script that changes something may take long, and is worth a longer wait than a person's run. */
const changeDeadlineMs = 30 * 60_000;
const longestLine = 8192;

/** The channel whose script on the machine holds the lock for this run, as long as it hears from us. */
export class LockChannel {
  private readonly answers: ((line: string | undefined) => void)[] = [];
  private readonly beats: NodeJS.Timeout;
  private open = true;

  /** @param lost called once when the lock is gone, not after `close` */
  constructor(
    private readonly running: RunningCommand,
    private readonly silenceMs: number,
    private readonly lost: () => void,
  ) {
    this.beats = setInterval(() => this.send("alive"), silenceMs / 6).unref();
    const end = () => this.end();
    running.result.then(end, end);
  }

  /** Starts a prepared job under the lock. A machine that does not answer in the longest silence has lost the lock. */
  async start(id: string): Promise<StartAnswer> {
    const answered = new Promise<string | undefined>((resolve) => {
      this.answers.push(resolve);
    });
    this.send(`start ${id}`);
    const late = () => new Error("no answer to the start of a job");
    const answer = await within(answered, this.silenceMs, late).catch(() => this.end());
    return (["started", "running", "busy"] as const).find((one) => one === answer);
  }

  take(line: string): void {
    this.answers.shift()?.(line);
  }

  close(): void {
    this.open = false;
    clearInterval(this.beats);
    this.running.channel.end();
    for (const answer of this.answers.splice(0)) answer(undefined);
  }

  private end(): void {
    if (!this.open) return;
    this.close();
    this.lost();
  }

  private send(line: string): void {
    if (this.running.channel.writable) this.running.channel.write(`${line}\n`);
  }
}

/** The machine's lock, and the run that had it before. */
export interface TakenLock {
  readonly running: RunningCommand;
  readonly before: LockHolder | undefined;
  /** Hands over what the machine says from now on, line by line. */
  readonly listen: (take: (line: string) => void) => void;
}

/**
 * Waits for the machine's lock.
 * @throws VGPU_LOCKED after the session's time limit, or after 30 minutes for a script or job that changes something;
 * VGPU_TIMEOUT when no session opens to ask in, VGPU_PREREQUISITE, VGPU_STEP_FAILED
 */
export async function takeLock(question: LockQuestion): Promise<TakenLock> {
  const { context, who, token } = question;
  const wait = new Wait(question);
  try {
    const silence = String(Math.ceil(context.lockSilenceMs / 1000));
    const args = [printable(who), token, jobsPath, silence];
    const asked = startCommand(context, {
      script: lockScript("hold-lock"),
      args,
      deadlineMs: Number.POSITIVE_INFINITY,
    });
    const running = await wait.forOpening(asked);
    return await awaitHeld(running, wait, context);
  } finally {
    wait.end();
  }
}

async function awaitHeld(running: RunningCommand, wait: Wait, context: CommandContext): Promise<TakenLock> {
  let listener: ((line: string) => void) | undefined;
  const held = new Promise<LockHolder | undefined>((resolve) => {
    readLines(running, (line) => {
      const [word, ...fields] = line.split("\t");
      if (listener !== undefined) listener(line);
      else if (word === "waiting") wait.see(parseHolder(fields));
      else if (word === "held") resolve(parseHolder(fields));
    });
  });
  const ended = running.result.then((result) => {
    throw lockUnavailable(context.machine.target, result);
  });
  ended.catch(() => {});
  try {
    const before = await wait.forLock(Promise.race([held, ended]));
    const listen = (take: (line: string) => void) => {
      listener = take;
    };
    return { running, before, listen };
  } catch (error) {
    running.channel.close();
    throw error;
  }
}

/** The time limits of one question, from the moment in which it is asked. */
class Wait {
  private readonly began = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private holder: LockHolder | undefined;
  private toldAt = 0;

  constructor(private readonly question: LockQuestion) {}

  /** Dialing has its own limit, the lock's comes on top of it. */
  async forOpening(asked: Promise<RunningCommand>): Promise<RunningCommand> {
    const { machine, terms, lockDeadlineMs } = this.question.context;
    let late = false;
    const closeLate = (running: RunningCommand) => late && running.channel.close();
    asked.then(closeLate, () => {});
    return this.race(asked, terms.deadlineMs + lockDeadlineMs, () => {
      late = true;
      return lockUnasked(machine.target, this.elapsedMs());
    });
  }

  forLock<T>(held: Promise<T>): Promise<T> {
    const { machine, lockDeadlineMs } = this.question.context;
    return this.race(held, this.elapsedMs() + lockDeadlineMs, () =>
      lockTimeout(machine.target, this.holder, this.elapsedMs()),
    );
  }

  see(holder: LockHolder | undefined): void {
    const longer = holder?.kind === "change" && this.holder?.kind !== "change";
    this.holder = holder ?? this.holder;
    if (longer) this.arm(Math.max(changeDeadlineMs, this.question.context.lockDeadlineMs));
    const elapsedMs = this.elapsedMs();
    if (elapsedMs - this.toldAt < (this.toldAt === 0 ? 2000 : 30_000)) return;
    this.toldAt = elapsedMs;
    this.question.onWait(`waits for the lock of the machine, ${holderText(this.holder)}`);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private expire = () => {};

  private race<T>(work: Promise<T>, untilMs: number, failure: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.expire = () => reject(failure());
      this.arm(untilMs);
      work.then(resolve, reject);
    }).finally(() => this.end());
  }

  /** @param untilMs milliseconds from the beginning of the question */
  private arm(untilMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.expire(), Math.max(0, untilMs - this.elapsedMs()));
  }

  private elapsedMs(): number {
    return performance.now() - this.began;
  }
}

/** A line that does not end is cut: none of ours is as long. */
function readLines(running: RunningCommand, take: (line: string) => void): void {
  let rest = "";
  running.listen((chunk) => {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) take(line);
  });
}

/** One line for the machine's file of the holder, whatever the resource is called. */
function printable(who: string): string {
  const line = who
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
    .trim()
    .slice(0, 200);
  return line === "" ? "-" : line;
}
