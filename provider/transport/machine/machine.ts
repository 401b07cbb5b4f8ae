import type { Duplex } from "node:stream";
import type { Route } from "../config/route.js";
import { ChannelSlots, OneSession } from "../link/channel-slots.js";
import { DialError } from "../link/dial-error.js";
import { type DialTerms, mayPass } from "../link/dial-terms.js";
import { type ExecChannel, type Link, NotSent } from "../link/link.js";
import { unreachable } from "../link/unreachable.js";
import { within } from "../link/within.js";
import { judgeAgain } from "../trust/host-key.js";
import { parsePublicHostKey } from "../trust/known-hosts.js";
import { Dialer, type DialerTerms } from "./dialer.js";
import type { Transport } from "./transport-choice.js";

/** How long a machine may take to confirm that a channel is closed, milliseconds. */
const closingMs = 5_000;

/** One machine as this process sees it: its one connection, the channels on it, and what they cost. */
export class Machine {
  counts = { connections: 0, roundTrips: 0, maxChannels: 0 };
  readonly slots: ChannelSlots;
  hostKey: string | undefined;
  readonly target: string;
  private readonly dialer: Dialer;
  private live: Link | undefined;
  private dialing: Promise<void> | undefined;
  private busy = 0;
  private holdingBastion = false;
  private unanswered = 0;
  private keepalive: NodeJS.Timeout | undefined;
  /** The same machine over one more connection, where the server opens one session on each: the lock has the first. */
  private second: Machine | undefined;
  private readonly channels = new WeakSet<ExecChannel>();

  constructor(
    readonly key: string,
    /** The newest connection that named this machine: its credentials serve the next dial. */
    public route: Route,
    private readonly terms: DialerTerms,
    alone = false,
  ) {
    this.target = terms.target;
    this.dialer = new Dialer(terms);
    this.slots = alone ? new ChannelSlots(1, true) : new ChannelSlots(8);
  }

  /** By what it is reached. */
  get transport(): Transport {
    return this.dialer.transport;
  }

  get connected(): boolean {
    return this.live !== undefined;
  }

  /**
   * Returns the connection, dialing with jittered pauses until the deadline.
   * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY
   */
  async connect(terms: DialTerms): Promise<Link> {
    const began = performance.now();
    let last = new Error("");
    for (let dials = 1; ; dials++) {
      const remainingMs = began + terms.deadlineMs - performance.now();
      try {
        if (this.live === undefined) await this.dialOnce(terms, Math.max(remainingMs, 50));
        if (this.live !== undefined) return this.live;
      } catch (error) {
        if (!mayPass(error, terms, this.hostKey !== undefined)) {
          if (!(error instanceof DialError)) throw error;
          throw this.unreachable(dials, began, error);
        }
        // One that the deadline cut short says less than the one before it.
        if (dials === 1 || remainingMs > 1000)
          last = error instanceof Error ? error : new Error(String(error));
      }
      const pauseMs = Math.min(200 * 1.6 ** dials, 3000) * (0.5 + Math.random());
      if (performance.now() + pauseMs > began + terms.deadlineMs) throw this.unreachable(dials, began, last);
      terms.onWait?.(performance.now() - began, firstLine(last));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Judges the key that the machine showed against what another connection to it pins, or what was accepted. */
  checkHostKey(route: Route): void {
    if (this.hostKey === undefined) return;
    const shown = parsePublicHostKey(this.hostKey);
    const refusal = shown && judgeAgain(route, this.target, shown);
    if (refusal !== undefined) throw refusal;
  }

  /** Opens a way to `host:port` that starts on this machine. */
  async forward(host: string, port: number, terms: DialTerms): Promise<Duplex> {
    const link = await this.connect(terms);
    return link.forward(host, port).catch((error: Error) => {
      throw new DialError(`${this.target} cannot reach ${host}:${port}: ${error.message}`);
    });
  }

  /**
   * Opens a channel that runs one command; the slot that it takes is free again when it closes.
   * @throws OpeningTimeout when there is none within `withinMs`
   */
  async open(command: string, terms: DialTerms, withinMs: number): Promise<ExecChannel> {
    const until = performance.now() + withinMs;
    this.hold();
    try {
      const channel = await this.slots.run((leftMs) => this.send(command, terms, leftMs), withinMs);
      this.counts.roundTrips++;
      this.counts.maxChannels = Math.max(this.counts.maxChannels, this.slots.most);
      this.channels.add(channel);
      channel.once("close", () => this.release());
      return channel;
    } catch (error) {
      this.release();
      if (error instanceof OneSession) return this.openOnSecond(command, terms, until - performance.now());
      throw error;
    }
  }

  private openOnSecond(command: string, terms: DialTerms, withinMs: number): Promise<ExecChannel> {
    if (this.second === undefined) {
      this.second = new Machine(this.key, this.route, { ...this.terms, transport: this.transport }, true);
      this.second.counts = this.counts;
    }
    this.second.route = this.route;
    this.second.hostKey ??= this.hostKey;
    return this.second.open(command, terms, withinMs);
  }

  /** A connection that went before the command was sent is replaced, one that goes later is not: it may have run. */
  private async send(command: string, terms: DialTerms, withinMs: number): Promise<ExecChannel> {
    const link = await this.connect(terms);
    try {
      return await link.exec(command, withinMs);
    } catch (error) {
      if (!(error instanceof NotSent)) throw error;
    }
    if (this.live === link) this.drop();
    return (await this.connect(terms)).exec(command, withinMs);
  }

  /** Closes a channel that nobody listens to any more; a machine that goes on sending into it is hung up on. */
  abandon(channel: ExecChannel): void {
    if (this.second?.channels.has(channel) === true) {
      this.second.abandon(channel);
      return;
    }
    const { live } = this;
    const timer = setTimeout(() => {
      if (live !== undefined && this.live === live) this.drop();
      // Its slot and the hold on the connection hang on this event, which such a machine never brings about.
      channel.emit("close");
    }, closingMs);
    channel.once("close", () => clearTimeout(timer));
    channel.close();
  }

  /** Hangs up; the next command dials anew. */
  drop(): void {
    const { live } = this;
    this.live = undefined;
    live?.end();
    this.second?.drop();
  }

  /** While something is held the connection keeps the process alive and is watched. */
  hold(): void {
    this.busy++;
    this.watch();
  }

  release(): void {
    this.busy--;
    this.watch();
  }

  private async dialOnce(terms: DialTerms, remainingMs: number): Promise<void> {
    const { dialing } = this;
    // Another command's dial may have more time than this one.
    const late = () => new DialError("a dial that another command began has not ended");
    if (dialing !== undefined) return within(dialing, remainingMs, late);
    this.dialing = this.dialer
      .dial(this.route, terms, remainingMs)
      .then((link) => this.adopt(link))
      .finally(() => {
        this.dialing = undefined;
      });
    await this.dialing;
  }

  private adopt(link: Link): void {
    this.live = link;
    this.unanswered = 0;
    this.hostKey = link.hostKey;
    this.counts.connections++;
    const forget = () => {
      if (this.live === link) this.live = undefined;
      this.watch();
    };
    link.onClose(forget);
    this.watch();
  }

  private watch(): void {
    const idle = this.busy === 0 || this.live === undefined;
    if (this.dialer.bastion !== undefined) this.holdBastion(!idle);
    this.live?.keepsAlive(!idle);
    if (idle) {
      clearInterval(this.keepalive);
      this.keepalive = undefined;
    } else this.keepalive ??= setInterval(() => this.ping(), 10_000);
  }

  private holdBastion(wanted: boolean): void {
    if (wanted === this.holdingBastion) return;
    this.holdingBastion = wanted;
    if (wanted) this.dialer.bastion?.hold();
    else this.dialer.bastion?.release();
  }

  private ping(): void {
    const { live } = this;
    if (live === undefined) return;
    if (++this.unanswered > 2) {
      this.unanswered = 0;
      this.drop();
      return;
    }
    live.ping(() => {
      this.unanswered = 0;
    });
  }

  private unreachable(dials: number, began: number, last: Error) {
    const { target, route } = this;
    const slow = last instanceof DialError && last.slow;
    const elapsedMs = performance.now() - began;
    return unreachable({ target, route, dials, elapsedMs, last: firstLine(last), slow });
  }
}

function firstLine({ message }: Error): string {
  return message.split("\n")[0] ?? "";
}
