import type { Duplex, Readable } from "node:stream";

/** One command on a machine: its input and outputs. Emits `close` with its exit code, or nothing where that is not known. */
export interface ExecChannel extends Duplex {
  readonly stderr: Readable;
  signal(name: string): void;
  close(): void;
}

/** That the connection was gone before the command was sent. */
export class NotSent extends Error {
  constructor() {
    super("the connection was lost");
  }
}

/** A connection that is logged in, whoever made it. */
export interface Link {
  /** `"ssh-ed25519 AAAA…"` */
  readonly hostKey: string;
  /**
   * Asks for a channel that runs `command`.
   * @throws NotSent when the connection is gone and nothing was sent; OpeningTimeout when the machine does not answer within `withinMs`; a channel that comes later is closed
   */
  exec(command: string, withinMs: number): Promise<ExecChannel>;
  /** Opens a way to another machine's port, which starts on this one. */
  forward(host: string, port: number): Promise<Duplex>;
  /** Asks for a sign of life. */
  ping(answered: () => void): void;
  /** Whether the connection keeps this process alive. */
  keepsAlive(wanted: boolean): void;
  end(): void;
  onClose(closed: () => void): void;
}
