import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { ChildSocket } from "../link/child-socket.js";
import type { ExecChannel, Link } from "../link/link.js";
import { execOn } from "./exec-channel.js";

/** A connection of the SSH library. */
export class BuiltinLink implements Link {
  constructor(
    readonly client: Client,
    private readonly socket: Duplex,
    readonly hostKey: string,
  ) {
    client.setMaxListeners(0);
  }

  exec(command: string, withinMs: number): Promise<ExecChannel> {
    return execOn(this.client, command, withinMs);
  }

  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        if (error) reject(error);
        else resolve(channel);
      });
    });
  }

  /** Any server answers a request to stop a forwarding that does not exist, with a refusal: that is the sign of life. */
  ping(answered: () => void): void {
    this.client.unforwardIn("pulumi-vgpu-keepalive", 0, answered);
  }

  keepsAlive(wanted: boolean): void {
    if (this.socket instanceof Socket || this.socket instanceof ChildSocket)
      this.socket[wanted ? "ref" : "unref"]();
  }

  end(): void {
    this.client.end();
    this.socket.destroy();
  }

  onClose(closed: () => void): void {
    this.client.on("close", closed);
    this.client.on("end", closed);
  }
}
