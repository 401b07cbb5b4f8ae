// The SSH server: channels, exit codes, what becomes of processes that a command leaves behind.
import ssh2 from "ssh2";
import { expect } from "vitest";
import type { Bed, Contract } from "../contract.js";
import { anyMachine } from "../look.js";

const relies = "an SSH server";
const needs = anyMachine;

/** How one exec channel ended. */
interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Logs in as root, lets the work use the connection, and ends it. */
async function connected(bed: Bed, work: (client: ssh2.Client) => Promise<void>): Promise<void> {
  const { host, port, privateKey } = bed.address();
  const client = new ssh2.Client();
  try {
    await new Promise((resolve, reject) => {
      client.once("ready", () => resolve(undefined));
      client.once("error", reject);
      client.connect({ host, port, username: "root", privateKey, readyTimeout: 60_000 });
    });
    await work(client);
  } finally {
    client.destroy();
  }
}

/** Runs a command in a channel of its own; resolves when the channel is closed. */
function exec(client: ssh2.Client, command: string, stdin = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) return reject(error);
      let stdout = "";
      let stderr = "";
      channel.on("data", (data: Buffer) => {
        stdout += data;
      });
      channel.stderr.on("data", (data: Buffer) => {
        stderr += data;
      });
      channel.on("close", (code: number | null) => resolve({ code, stdout, stderr }));
      channel.end(stdin);
    });
  });
}

/** What every round trip relies on. */
export const sshContracts: readonly Contract[] = [
  {
    id: "ssh/exec",
    relies,
    needs,
    title:
      "hands a command to the user's shell, its standard input to the command, and brings both outputs and the exit code",
    check: (bed) =>
      connected(bed, async (client) => {
        const answer = await exec(client, "cat; echo 'to  stderr' >&2; exit 7", "in\n");
        expect(answer).toEqual({ code: 7, stdout: "in\n", stderr: "to  stderr\n" });
      }),
  },
  {
    id: "ssh/sessions",
    relies,
    needs,
    title: "takes ten session channels on one connection",
    check: (bed) =>
      connected(bed, async (client) => {
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, index) => exec(client, `cat > /dev/null; echo ${index}`)),
        );
        expect(answers.map(({ stdout }) => stdout.trim()).sort()).toEqual([..."0123456789"]);
      }),
  },
  {
    id: "ssh/left-behind",
    relies,
    needs,
    title: "closes a channel whose command has ended, though a process that it left behind goes on",
    check: (bed) =>
      connected(bed, async (client) => {
        const { code, stdout } = await exec(client, "sleep 25 < /dev/null > /dev/null 2>&1 & echo $!");
        expect(code).toBe(0);
        const alive = await exec(client, `kill ${stdout.trim()} && echo was alive`);
        expect(alive).toMatchObject({ stdout: "was alive\n" });
      }),
  },
];
