import { randomUUID } from "node:crypto";
import type { ClientChannel } from "ssh2";
import { isVgpuError } from "../model/errors.js";
import { type LockHolder, lockTaken, lockTimeout, lockUnavailable, parseHolder } from "./lock-failures.js";
import type { HeldLock } from "./lock-scope.js";
import { withHeldLock } from "./lock-scope.js";
import type { Machine } from "./machine.js";
import { transportScript } from "./remote-script.js";
import { type CommandContext, type RunningCommand, startCommand } from "./run-command.js";

/** The lock of everything that changes a machine. */
export const operationLockPath = "/run/lock/pulumi-vgpu.lock";
/** Where detached jobs live: on a file system that is empty after a boot, as they are. */
export const jobsPath = "/run/pulumi-vgpu/jobs";

/** A detached job keeps the lock as long as it runs, and its run may be taken up: worth a longer wait. */
const jobDeadlineMs = 30 * 60_000;

/** The operation lock of one machine in this process: a queue, and one channel that holds the lock while it is not empty. */
export class MachineLock implements HeldLock {
  /** Counts the times the lock was taken. */
  private takings = 0;
  private readonly token = randomUUID();
  private last: Promise<void> = Promise.resolve();
  private queued = 0;
  private turns = 0;
  /** A refusal answers all who waited in the queue for it: each of them would wait as long again. */
  private refusal: { readonly error: unknown; readonly lastTurn: number } | undefined;
  private channel: ClientChannel | undefined;
  private taking: Promise<void> | undefined;
  private heldBefore = false;
  private context: CommandContext | undefined;
  private holder = "";
  /** Who waits for an answer to a start, in the order of the requests. */
  private answers: ((line: string | undefined) => void)[] = [];

  constructor(private readonly machine: Machine) {}

  /** Which taking of the lock is in force, `null` when it is not held: between two equal answers nobody else was the writer. */
  get holding(): number | null {
    return this.channel === undefined ? null : this.takings;
  }

  /** Runs `work` in its turn, under the lock. */
  async run<T>(context: CommandContext, holder: string, work: () => Promise<T>): Promise<T> {
    this.queued++;
    const number = ++this.turns;
    const turn = this.last;
    let done = () => {};
    this.last = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await turn;
      this.context = context;
      this.holder = holder;
      // The work plans under this turn's lock: who held it between two turns does not matter.
      if (this.channel === undefined) this.heldBefore = false;
      await this.enter(number);
      return await withHeldLock(this.machine, this, work);
    } finally {
      this.queued--;
      if (this.queued === 0) this.release();
      done();
    }
  }

  private async enter(number: number): Promise<void> {
    if (this.refusal !== undefined && number <= this.refusal.lastTurn) throw this.refusal.error;
    try {
      await this.ensure();
    } catch (error) {
      this.refusal = { error, lastTurn: this.turns };
      throw error;
    }
  }

  async ensure(): Promise<void> {
    if (this.channel !== undefined) return;
    // A wait for the lock may be long, and nothing is lost when its connection is: one more try.
    const takeAgain = (error: unknown) => (isLost(error) ? this.take() : Promise.reject(error));
    this.taking ??= this.take()
      .catch(takeAgain)
      .finally(() => {
        this.taking = undefined;
      });
    await this.taking;
  }

  /** Starts a prepared job under the lock; `false` when the channel went before the answer. */
  async start(id: string): Promise<boolean> {
    await this.ensure();
    const { channel } = this;
    if (channel === undefined) return false;
    const answered = new Promise<string | undefined>((resolve) => {
      this.answers.push(resolve);
    });
    channel.write(`start ${id}\n`);
    return (await answered) !== undefined;
  }

  private async take(): Promise<void> {
    const { context } = this;
    if (context === undefined) throw new Error("the lock is taken by work that holds no turn");
    const script = transportScript("hold-lock");
    const args = [operationLockPath, this.holder.replace(/\s+/g, " "), this.token, jobsPath];
    const running = await startCommand(context, { script, args, deadlineMs: Number.POSITIVE_INFINITY });
    const before = await this.awaitHeld(context, running);
    if (this.heldBefore && before !== undefined && before.token !== this.token) {
      running.channel.end();
      throw lockTaken(context.machine.target, before);
    }
    this.adopt(running);
  }

  /** Waits for the lock and returns who had it before. */
  private awaitHeld(context: CommandContext, running: RunningCommand): Promise<LockHolder | undefined> {
    const { target } = context.machine;
    const began = Date.now();
    return new Promise((resolve, reject) => {
      let other: LockHolder | undefined;
      const expire = () => {
        running.channel.close();
        reject(lockTimeout(target, other, Date.now() - began));
      };
      let timer = setTimeout(expire, context.lockDeadlineMs);
      readLines(running.channel, (line) => {
        const [word, ...rest] = line.split("\t");
        if (word === "waiting") {
          const wasJob = other?.job !== undefined;
          other = parseHolder(rest) ?? other;
          if (wasJob || other?.job === undefined) return;
          clearTimeout(timer);
          timer = setTimeout(expire, Math.max(jobDeadlineMs, context.lockDeadlineMs));
        } else if (word === "held") {
          clearTimeout(timer);
          resolve(parseHolder(rest));
        } else this.answers.shift()?.(word);
      });
      running.result
        .then((result) => reject(lockUnavailable(target, result)), reject)
        .finally(() => clearTimeout(timer));
    });
  }

  private adopt(running: RunningCommand): void {
    this.channel = running.channel;
    this.takings++;
    this.heldBefore = true;
    const lost = () => {
      if (this.channel !== running.channel) return;
      this.channel = undefined;
      for (const answer of this.answers.splice(0)) answer(undefined);
    };
    running.result.then(lost, lost);
  }

  private release(): void {
    this.channel?.end();
    this.channel = undefined;
    this.heldBefore = false;
  }
}

function isLost(error: unknown): boolean {
  return isVgpuError(error) && error.code === "VGPU_UNREACHABLE" && error.parts.now !== undefined;
}

function readLines(channel: ClientChannel, take: (line: string) => void): void {
  let rest = "";
  channel.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
