import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import ssh2 from "ssh2";
import type { MachineAddress } from "../../../test/host/machine/protocol.js";
import type { RunResult } from "../../../test/host/types.js";

export interface CommandOptions {
  readonly stdin?: string | Uint8Array;
  /** After this long the command is given up, with what it said so far. @default 600_000 */
  readonly deadlineMs?: number;
}

/** sshd's MaxSessions is 10 by default; a provider under test may want some on the same machine. */
const sessions = 6;

/** Runs commands over one kept connection, made anew after a reboot. */
export class SshShell {
  private connection: Promise<ssh2.Client> | undefined;
  private free = sessions;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly address: () => MachineAddress,
    private readonly user: "root" | "admin",
    /** Why there is no use in waiting any longer; undefined while there is. */
    private readonly hopeless: () => string | undefined,
  ) {}

  /** Waits until SSH answers: its greeting, then a login. @throws after `deadlineMs`. */
  async waitUntilUp(deadlineMs: number): Promise<void> {
    const end = Date.now() + deadlineMs;
    let last = "no greeting";
    for (;;) {
      const reason = this.hopeless();
      if (reason !== undefined) throw new Error(reason);
      if (await greets(this.address())) {
        try {
          await this.connect();
          return;
        } catch (error) {
          last = error instanceof Error ? error.message : String(error);
        }
      }
      if (Date.now() > end) throw new Error(`SSH does not answer after ${deadlineMs / 1000} s: ${last}`);
      await pause(200);
    }
  }

  /** Runs a command line. A connection lost on the way rejects: what became of the command is unknown then. */
  async run(command: string, options: CommandOptions = {}): Promise<RunResult> {
    await this.take();
    try {
      return await runOn(await this.connect(), command, options);
    } finally {
      this.free++;
      this.queue.shift()?.();
    }
  }

  /** Ends the connection, if there is one. */
  async close(): Promise<void> {
    const client = await this.connection?.catch(() => undefined);
    if (client === undefined) return;
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.end();
    await Promise.race([closed, pause(2000)]);
    client.destroy();
    this.connection = undefined;
  }

  /** Drops the connection without a word, as when the machine is gone. */
  async drop(): Promise<void> {
    const client = await this.connection?.catch(() => undefined);
    this.connection = undefined;
    client?.destroy();
  }

  private async take(): Promise<void> {
    while (this.free === 0) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.free--;
  }

  private connect(): Promise<ssh2.Client> {
    this.connection ??= logIn(this.address(), this.user, () => {
      this.connection = undefined;
    });
    return this.connection;
  }
}

/** Whether an SSH server says hello; QEMU itself accepts every connection, long before the machine has a network. */
function greets({ host, port }: MachineAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (greeted: boolean) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.setTimeout(3000, () => answer(false));
    socket.once("data", (data) => answer(data.toString("latin1").startsWith("SSH-")));
    socket.once("error", () => answer(false));
    socket.once("close", () => answer(false));
  });
}

function logIn(address: MachineAddress, username: string, onClose: () => void): Promise<ssh2.Client> {
  const wanted = address.hostKey.split(" ")[1];
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.once("ready", () => {
      client.setNoDelay(true);
      resolve(client);
    });
    client.on("error", (error) => reject(error));
    client.once("close", () => {
      onClose();
      reject(new Error("the connection was closed before the login"));
    });
    client.connect({
      host: address.host,
      port: address.port,
      username,
      privateKey: address.privateKey,
      algorithms: { serverHostKey: ["ssh-ed25519"] },
      hostVerifier: (key: Buffer) => key.toString("base64") === wanted,
      readyTimeout: 60_000,
      keepaliveInterval: 15_000,
      keepaliveCountMax: 8,
    });
  });
}

function runOn(client: ssh2.Client, command: string, options: CommandOptions): Promise<RunResult> {
  const deadlineMs = options.deadlineMs ?? 600_000;
  return new Promise((resolve, reject) => {
    const told = { stdout: "", stderr: "" };
    const fail = (reason: string) => {
      clearTimeout(timer);
      client.removeListener("close", lost);
      reject(
        new Error(
          `${reason}: ${command.slice(0, 300)}\n${told.stdout.slice(-2000)}${told.stderr.slice(-2000)}`,
        ),
      );
    };
    const lost = () => fail("The connection was lost while this ran");
    let channel: ssh2.ClientChannel | undefined;
    const timer = setTimeout(() => {
      fail(`No end after ${deadlineMs / 1000} s`);
      channel?.close();
    }, deadlineMs);
    client.once("close", lost);
    client.exec(command, (error, opened) => {
      if (error !== undefined) return fail(error.message);
      channel = opened;
      let code: number | undefined;
      opened.setEncoding("utf8").on("data", (text: string) => {
        told.stdout += text;
      });
      opened.stderr.setEncoding("utf8").on("data", (text: string) => {
        told.stderr += text;
      });
      opened.once("exit", (status: number | null) => {
        code = status ?? 255;
      });
      opened.once("close", () => {
        // Without an exit status the connection broke: its own event tells.
        if (code === undefined) return;
        clearTimeout(timer);
        client.removeListener("close", lost);
        resolve({ code, ...told });
      });
      opened.end(options.stdin === undefined ? undefined : Buffer.from(options.stdin));
    });
  });
}
