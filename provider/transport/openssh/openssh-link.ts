import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { lastLines } from "../../model/evidence.js";
import { OpeningTimeout } from "../link/channel-slots.js";
import { ChildSocket } from "../link/child-socket.js";
import { type ExecChannel, type Link, NotSent } from "../link/link.js";
import { within } from "../link/within.js";
import { ExecChild } from "./exec-child.js";
import { removeFolder } from "./private-folder.js";

/** The master connection of the user's own `ssh`, as it runs. */
export interface Master {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  /** The folder of this connection, only ours to look into. */
  readonly folder: string;
  readonly socket: string;
}

/** The name that a client of the master is told: it goes nowhere by itself. */
const nowhere = "pulumi-vgpu";

/** What OpenSSH itself says when the machine opens no session; the command did not run then. */
const refusedText = /open refused by peer|open failed|Session open refused/i;
/** What a client says that has found no master: it asked nobody. */
const noMasterText = /^(?:kex_exchange_identification|Connection closed by UNKNOWN)/m;
/** What OpenSSH itself says, and no machine. */
const ownText =
  /^(?:mux_client|ControlSocket|Control socket|kex_exchange_identification|Connection closed by UNKNOWN)/;

/** A connection of the user's own `ssh`: one master, and a client of it for each command. */
export class OpenSshLink implements Link {
  private gone = false;
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly master: Master,
    readonly hostKey: string,
  ) {
    const { process: child, folder } = master;
    child.stdout.resume();
    child.stderr.resume();
    child.once("exit", () => {
      this.gone = true;
      child.stdin.destroy();
      removeFolder(folder);
      for (const told of this.listeners) told();
    });
    if (child.exitCode !== null) child.emit("exit");
  }

  async exec(command: string, withinMs: number): Promise<ExecChannel> {
    if (this.gone) throw new NotSent();
    const child = spawn("ssh", [...this.client("-T"), "--", nowhere, command], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let late = false;
    const opened = this.opened(child).then((channel) => {
      if (late) channel.on("error", () => {}).close();
      return channel;
    });
    opened.catch(() => {});
    return within(opened, withinMs, () => {
      late = true;
      child.kill("SIGTERM");
      return new OpeningTimeout(true);
    });
  }

  async forward(host: string, port: number): Promise<Duplex> {
    if (this.gone) throw new Error("the connection was closed");
    const to = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const child = spawn("ssh", [...this.client("-W", to), "--", nowhere], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const socket = new ChildSocket(child);
    socket.unref();
    return socket;
  }

  /** The master asks by itself, and ends when there is no answer. */
  ping(answered: () => void): void {
    answered();
  }

  keepsAlive(): void {}

  end(): void {
    // The master ends with its input: so it does when this process is gone.
    this.gone = true;
    this.master.process.stdin.destroy();
  }

  onClose(closed: () => void): void {
    this.listeners.push(closed);
  }

  /** How a program gets through this connection. */
  client(...more: readonly string[]): string[] {
    return clientArguments(this.master.socket, more);
  }

  /** Waits until something comes from the machine: our commands speak first. */
  private opened(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<ExecChannel> {
    return new Promise((resolve, reject) => {
      let said = "";
      const settle = (take: () => void) => {
        child.off("close", ended);
        child.stdout.off("readable", spoken);
        child.stderr.off("readable", complained);
        take();
      };
      const code = new Promise<number | null>((told) => child.once("close", told)).then((own) =>
        this.codeOf(own),
      );
      const open = () => settle(() => resolve(new ExecChild(child, code)));
      const spoken = () => {
        if (child.stdout.readableLength > 0) open();
      };
      const complained = () => {
        const chunk = child.stderr.read() as Buffer | null;
        if (chunk === null) return;
        said += chunk.toString("utf8");
        if (ownText.test(said)) return;
        child.stderr.unshift(Buffer.from(said));
        open();
      };
      const ended = (code: number | null) => {
        if (code !== 255 && code !== null) return open();
        settle(() => reject(notOpened(said)));
      };
      child.on("error", (error) => settle(() => reject(error)));
      child.on("close", ended);
      child.stdout.on("readable", spoken);
      child.stderr.on("readable", complained);
    });
  }

  /** OpenSSH ends with 255 for itself; so may the command. As long as the master lives, it was the command. */
  private codeOf(code: number | null): Promise<number | undefined> {
    if (code !== 255) return Promise.resolve(code ?? undefined);
    return new Promise((resolve) => {
      const asked = spawn("ssh", [...this.client("-O", "check"), nowhere], { stdio: "ignore" });
      asked.once("error", () => resolve(undefined));
      asked.once("exit", (alive) => resolve(alive === 0 && !this.gone ? 255 : undefined));
    });
  }
}

/** Arguments of a client of a master: what cannot be had from the master is not looked for elsewhere. */
export function clientArguments(socket: string, more: readonly string[]): string[] {
  const options = [
    "BatchMode=yes",
    "LogLevel=ERROR",
    "EscapeChar=none",
    "ControlMaster=no",
    "ProxyCommand=false",
  ];
  return ["-F", "/dev/null", "-S", socket, ...options.flatMap((option) => ["-o", option]), ...more];
}

function notOpened(said: string): Error {
  const error = new Error(lastLines(said) || "the connection was closed");
  // A client that is refused a session looks for a connection of its own next.
  if (refusedText.test(said)) return Object.assign(error, { reason: 1 });
  return noMasterText.test(said) ? new NotSent() : error;
}
