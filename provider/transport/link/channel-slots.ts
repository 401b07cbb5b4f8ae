import type { ExecChannel } from "./link.js";

/** That a command waited too long for its channel. */
export class OpeningTimeout extends Error {
  /** @param sent whether the command had been sent to the machine by then */
  constructor(readonly sent: boolean) {
    super("no channel in time");
  }
}

/** That the server opens one session a connection, and that this one has it already: another connection is needed. */
export class OneSession extends Error {
  constructor() {
    super("the server opens one session a connection (MaxSessions 1)");
  }
}

/** How long after a session's end a refusal says nothing of the server's limit, milliseconds. */
const settlingMs = 500;

/**
 * The channels of one connection: at most `limit` at once, the rest waits in order.
 * sshd refuses the eleventh (MaxSessions 10, measured), and some are set lower: a refusal lowers the limit.
 */
export class ChannelSlots {
  /** The most that were open at once. */
  most = 0;
  private open = 0;
  private endedAt = Number.NEGATIVE_INFINITY;
  private readonly waiting: (() => void)[] = [];

  /** @param alone whether there is no other connection to turn to: then the only session is waited for */
  constructor(
    private limit: number,
    private readonly alone = false,
  ) {}

  /**
   * Runs `start` when a slot is free and frees the slot when the channel closes.
   * @param start gets the milliseconds that are left
   * @throws OpeningTimeout when no slot is free within `withinMs`, OneSession when there is one slot and it is taken
   */
  async run(start: (leftMs: number) => Promise<ExecChannel>, withinMs: number): Promise<ExecChannel> {
    const until = performance.now() + withinMs;
    for (let refusals = 0; ; refusals++) {
      await this.enter(until);
      try {
        const channel = await start(until - performance.now());
        this.most = Math.max(this.most, this.open);
        channel.once("close", () => {
          this.endedAt = performance.now();
          this.leave();
        });
        return channel;
      } catch (error) {
        this.leave();
        if (!isRefusedChannel(error) || refusals >= 20) throw error;
        // The server counts a session that has just ended for a moment longer.
        if (this.open === 0 || performance.now() < this.endedAt + settlingMs)
          await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 100));
        else this.limit = Math.max(1, Math.min(this.limit - 1, this.open));
      }
    }
  }

  private async enter(until: number): Promise<void> {
    while (this.open >= this.limit) {
      // The session may be the lock's, which ends when the work does that waits for a session.
      if (this.limit === 1 && !this.alone) throw new OneSession();
      await this.turn(until);
    }
    this.open++;
  }

  private turn(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        reject(new OpeningTimeout(false));
      }, until - performance.now());
      this.waiting.push(go);
    });
  }

  private leave(): void {
    this.open--;
    this.waiting.shift()?.();
  }
}

/** The server opened no session, so the command did not run. Source: RFC 4254, section 5.1. */
export function isRefusedChannel(error: unknown): boolean {
  return error instanceof Error && typeof (error as { reason?: unknown }).reason === "number";
}
