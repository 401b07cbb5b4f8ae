import type { Duplex } from "node:stream";
import type { Route } from "../config/route.js";

/** One dial: where to, and what is accepted there. */
export interface DialRequest {
  readonly route: Route;
  readonly target: string;
  readonly acceptNew: boolean;
  readonly timeoutMs: number;
  /** Milliseconds for what comes after the TCP connection. @default what is left of `timeoutMs` */
  readonly handshakeMs?: number;
  /** Told now and then what a machine that is connected is waited for. */
  readonly onSlow?: (waitsFor: string) => void;
  /** Opens the way to the machine's SSH port through a bastion; without it the socket is direct. */
  readonly through?: () => Promise<Duplex>;
}
