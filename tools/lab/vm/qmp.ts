// The QEMU Machine Protocol: one JSON object a line, here over the standard input and output of QEMU itself.
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

interface Reply {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: { readonly reason?: string };
}

/** A conversation with one QEMU. */
export class Qmp {
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private last = 0;
  private unread = "";
  private closed = false;
  private shutdownReason: string | undefined;

  private constructor(
    private readonly input: Writable,
    output: Readable,
  ) {
    output.setEncoding("utf8").on("data", (text: string) => this.receive(text));
    output.once("close", () => this.end());
    input.on("error", () => this.end());
  }

  /** Waits for QEMU's greeting; rejects when QEMU ends before. */
  static async open(input: Writable, output: Readable): Promise<Qmp> {
    const greeting = once(output, "data");
    const qmp = new Qmp(input, output);
    const ended = once(output, "close").then(() =>
      Promise.reject(new Error("QEMU ended before it answered")),
    );
    await Promise.race([greeting, ended]);
    ended.catch(() => undefined);
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  /** Whether QEMU has said that it ends because the machine was reset, by itself or from outside. */
  get reset(): boolean {
    return this.shutdownReason?.endsWith("-reset") ?? false;
  }

  /** Whether QEMU has said that it ends because of its machine, reset or switched off. */
  get shutDown(): boolean {
    return this.shutdownReason !== undefined;
  }

  /** Runs one command. @throws when QEMU refuses it or has ended. */
  async execute<T = unknown>(command: string, args: Record<string, unknown> = {}): Promise<T> {
    if (this.closed) throw new Error(`QEMU has ended: it cannot run ${command}`);
    const id = ++this.last;
    const answered = new Promise<Reply>((resolve) => this.waiting.set(id, resolve));
    this.input.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const reply = await answered;
    if (reply.error !== undefined) throw new Error(`QEMU refuses ${command}: ${reply.error.desc}`);
    return reply.return as T;
  }

  /** A command of the human monitor, for what QMP does not offer. */
  monitor(line: string): Promise<string> {
    return this.execute("human-monitor-command", { "command-line": line });
  }

  /** Lets a machine that came from a frozen state run: it is paused, or still reading the state. */
  async resume(deadlineMs = 120_000): Promise<void> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const { status } = await this.execute<{ status: string }>("query-status");
      if (status === "running") return;
      // Said while the state is still being read, `cont` would be lost.
      if (status !== "inmigrate") await this.execute("cont");
      else if (Date.now() > end) throw new Error(`the frozen state is not read after ${deadlineMs / 1000} s`);
      else await pause(30);
    }
  }

  /** Stops the machine and writes its memory and devices to what `uri` says. */
  async migrate(uri: string): Promise<void> {
    await this.execute("stop");
    await this.execute("migrate-set-parameters", { "max-bandwidth": 10 * 1024 ** 3 });
    await this.execute("migrate", { uri });
    for (;;) {
      const { status, "error-desc": reason } = await this.execute<{ status: string; "error-desc"?: string }>(
        "query-migrate",
      );
      if (status === "completed") return;
      if (status === "failed" || status === "cancelled") {
        throw new Error(`QEMU did not freeze the machine: ${status}, ${reason ?? "no reason told"}`);
      }
      await pause(30);
    }
  }

  private receive(text: string): void {
    const lines = (this.unread + text).split("\n");
    this.unread = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() === "") continue;
      const reply = JSON.parse(line) as Reply;
      if (reply.event === "SHUTDOWN") this.shutdownReason = reply.data?.reason ?? "unknown";
      if (reply.id === undefined) continue;
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    }
  }

  private end(): void {
    this.closed = true;
    for (const answer of this.waiting.values()) answer({ error: { class: "Ended", desc: "QEMU has ended" } });
    this.waiting.clear();
  }
}
