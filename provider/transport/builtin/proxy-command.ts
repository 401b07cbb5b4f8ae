import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { lastLines } from "../../model/evidence.js";
import { ChildSocket, type WayProgram } from "../link/child-socket.js";
import { DialError } from "../link/dial-error.js";

/**
 * Runs the ProxyCommand of the user's own SSH configuration in the user's shell, as OpenSSH does: its input and output are the way
 * to the machine's SSH server.
 */
export async function openByCommand(command: string): Promise<Duplex> {
  const shell = process.env.SHELL || "/bin/sh";
  const child: WayProgram = spawn(shell, ["-c", `exec ${command}`], {
    stdio: ["pipe", "pipe", "pipe"],
    // Neither has it the terminal, to ask for something there, nor is a Ctrl-C for it: this process ends its commands in order.
    detached: true,
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-2000);
  });
  const why = (end: number | string) => {
    const words = said.trim() === "" ? "" : `: ${lastLines(said)}`;
    return new Error(`ProxyCommand of ~/.ssh/config ended with ${end}${words}`);
  };
  const socket = new ChildSocket(child, why, true);
  await once(child, "spawn").catch((error: Error) => {
    throw new DialError(`ProxyCommand of ~/.ssh/config does not start: ${error.message}`);
  });
  return socket;
}
