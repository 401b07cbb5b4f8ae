import { once } from "node:events";
import net from "node:net";
import readline from "node:readline";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";

/** What a guest's qemu-guest-agent returns for a command. */
export async function askAgent<T>(
  guest: LabMachine,
  execute: string,
  args: Record<string, unknown> = {},
): Promise<T> {
  const socket = net.connect(guest.agentSocket);
  try {
    const answered = once(readline.createInterface(socket), "line");
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const [line] = (await answered) as [string];
    const reply = JSON.parse(line) as { return?: T; error?: { desc: string } };
    if (reply.error !== undefined)
      throw new Error(`${guest.name}: agent refuses ${execute}: ${reply.error.desc}`);
    return reply.return as T;
  } finally {
    socket.destroy();
  }
}
