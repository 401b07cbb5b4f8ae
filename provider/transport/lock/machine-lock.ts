import { randomUUID } from "node:crypto";
import { isVgpuError } from "../../model/errors.js";
import type { CommandContext } from "../command/run-command.js";
import type { Machine } from "../machine/machine.js";
import { LockChannel, type StartAnswer, takeLock } from "./lock-channel.js";
import { lockTaken } from "./lock-failures.js";
import type { HeldLock } from "./lock-scope.js";
import { withHeldLock } from "./lock-scope.js";

/** Who asks for the machine's lock, and who is told of the wait for it. */
export interface LockRequest {
  /** For the other run's message, e.g. `"infra/dev/gpu-01"`. */
  readonly who: string;
  /** Told after 2 s, then every 30 s, what is waited for. */
  readonly onWait?: (text: string) => void;
  /**
   * Until it ends the lock is kept, for more work that may come; not where another run may have waited for a minute.
   * @default let go when no work is queued
   */
  readonly keptFor?: () => Promise<void>;
}

/** How long after it was taken the lock is kept for work that is not queued: others wait for it, and what was seen under it ages. */
const keptAtMostMs = 60_000;

/** The operation lock of one machine in this process: a queue, and one channel that holds the lock while it is not empty. */
export class MachineLock implements HeldLock {
  readonly token = randomUUID();
  /** Counts the times the lock was taken. */
  private takings = 0;
  private takenAt = 0;
  private last: Promise<void> = Promise.resolve();
  private queued = 0;
  private turns = 0;
  /** A refusal answers all who waited in the queue for it: each of them would wait as long again. */
  private refusal: { readonly error: unknown; readonly lastTurn: number } | undefined;
  private channel: LockChannel | undefined;
  private taking: Promise<void> | undefined;
  private heldBefore = false;
  private turn: { readonly context: CommandContext; readonly request: LockRequest } | undefined;

  constructor(private readonly machine: Machine) {}

  /** Which taking of the lock is in force, `null` when it is not held: between two equal answers nobody else was the writer. */
  get holding(): number | null {
    return this.channel === undefined ? null : this.takings;
  }

  /** Runs `work` in its turn, under the lock. */
  async run<T>(context: CommandContext, request: LockRequest, work: () => Promise<T>): Promise<T> {
    this.queued++;
    const number = ++this.turns;
    const turn = this.last;
    let done = () => {};
    this.last = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await turn;
      this.turn = { context, request };
      // The work plans under this turn's lock: who held it between two turns does not matter.
      if (this.channel === undefined) this.heldBefore = false;
      await this.enter(number);
      return await withHeldLock(this.machine, this, work);
    } finally {
      this.queued--;
      if (this.queued === 0) void this.releaseAfter(request, number);
      done();
    }
  }

  private async releaseAfter({ keptFor }: LockRequest, turn: number): Promise<void> {
    const isLong = performance.now() - this.takenAt >= keptAtMostMs;
    if (this.channel !== undefined && !isLong) await keptFor?.();
    if (this.turns === turn) this.release();
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

  /** @throws an error for which `isPlanOutdated` holds, once, when it was taken anew and another run had it in between */
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

  async renew(): Promise<void> {
    this.drop();
    await this.ensure();
  }

  /** Starts a prepared job under the lock; `undefined` when the channel went before the answer. */
  async start(id: string): Promise<StartAnswer> {
    await this.ensure();
    return this.channel?.start(id);
  }

  private async take(): Promise<void> {
    if (this.turn === undefined) throw new Error("the lock is taken by work that holds no turn");
    const { context, request } = this.turn;
    const { who, onWait = () => {} } = request;
    const { running, before, listen } = await takeLock({ context, who, token: this.token, onWait });
    const channel = new LockChannel(running, context.lockSilenceMs, () => {
      if (this.channel === channel) this.channel = undefined;
    });
    listen((line) => channel.take(line));
    this.channel = channel;
    this.takings++;
    this.takenAt = performance.now();
    const others = this.heldBefore && before?.token !== this.token ? before : undefined;
    this.heldBefore = true;
    if (others !== undefined) throw lockTaken(context.machine.target, others);
  }

  private drop(): void {
    this.channel?.close();
    this.channel = undefined;
  }

  private release(): void {
    this.drop();
    this.heldBefore = false;
  }
}

function isLost(error: unknown): boolean {
  return isVgpuError(error) && error.code === "VGPU_UNREACHABLE" && error.parts.now !== undefined;
}
