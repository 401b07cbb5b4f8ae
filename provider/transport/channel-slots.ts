import type { ClientChannel } from "ssh2";

/**
 * The channels of one connection: at most `limit` at once, the rest waits in order.
 * sshd refuses the eleventh (MaxSessions 10, measured), and some are set lower: a refusal lowers the limit.
 */
export class ChannelSlots {
  /** The most that were open at once. */
  most = 0;
  private open = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private limit: number) {}

  /** Runs `start` when a slot is free and frees the slot when the channel closes. */
  async run(start: () => Promise<ClientChannel>): Promise<ClientChannel> {
    for (let refusals = 0; ; refusals++) {
      await this.enter();
      try {
        const channel = await start();
        this.most = Math.max(this.most, this.open);
        channel.once("close", () => this.leave());
        return channel;
      } catch (error) {
        this.leave();
        if (!isRefusedChannel(error) || refusals >= 20) throw error;
        this.limit = Math.max(1, Math.min(this.limit - 1, this.open));
        // Nothing of ours is open: what the server still counts is about to end.
        if (this.open === 0) await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 100));
      }
    }
  }

  private async enter(): Promise<void> {
    while (this.open >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.open++;
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
