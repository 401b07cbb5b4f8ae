import { join } from "node:path";
import ssh2, { type Client, type ConnectConfig } from "ssh2";
import type { MachineOptions } from "../types.js";
import type { MachineSpec } from "./protocol.js";
import type { SimulatedMachine } from "./simulated-machine.js";

/** Whether these tests run as an ordinary user: then a machine has one uid, and admin is root by another name. */
export const rootless = process.getuid?.() !== 0;

type TinyExport = keyof typeof import("./tiny-model.js");

/** An export of the tiny model, as the simulator is told of it. */
export const tinyExport = (name: TinyExport) => ({ module: tinyModule, export: name });

const tinyModule = join(__dirname, "tiny-model.ts");

export function tinySpec(name: string, options: MachineOptions = {}): MachineSpec {
  return { name, kind: { ...tinyExport("tiny"), args: [options] } };
}

/** A logged-in client; `config` over the defaults (root, the simulator's key). */
export function login(machine: SimulatedMachine, config: ConnectConfig = {}): Promise<Client> {
  const { host, port, privateKey } = machine.address;
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.once("ready", () => resolve(client));
    client.on("error", reject);
    client.connect({ host, port, username: "root", privateKey, readyTimeout: 5000, ...config });
  });
}

export interface Answer {
  code: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

/** Runs a command over SSH; code and signal are undefined when the channel closed without a result. */
export function exec(client: Client, command: string, stdin = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      const answer: Answer = { code: undefined, signal: undefined, stdout: "", stderr: "" };
      channel.on("data", (data: Buffer) => {
        answer.stdout += data;
      });
      channel.stderr.on("data", (data: Buffer) => {
        answer.stderr += data;
      });
      channel.on("exit", (code: number | null, signal?: string) => {
        answer.code = code ?? undefined;
        answer.signal = signal;
      });
      channel.on("close", () => resolve(answer));
      channel.end(stdin);
    });
  });
}

/** Polls until `condition` holds; fails after the deadline with what it was. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  deadlineMs = 10_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((wake) => setTimeout(wake, 15));
  }
}
