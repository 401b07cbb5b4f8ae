import { createServer, type Server } from "node:net";

/**
 * Ports of one process alone, below the range from which clients get theirs: a machine finds its own free after a reboot,
 * whatever other processes start meanwhile. Who listens on the first port of a block has the block.
 */
const blocks = { first: 18_000, size: 200, count: 70 } as const;

let claimed: Promise<number> | undefined;
let given = 0;

/** Returns a port that this process has not given away yet. */
export async function ownPort(): Promise<number> {
  claimed ??= claimBlock();
  const guard = await claimed;
  given++;
  if (given >= blocks.size) throw new Error(`one process can start ${blocks.size - 1} machines`);
  return guard + given;
}

async function claimBlock(): Promise<number> {
  const start = Math.floor(Math.random() * blocks.count);
  for (let index = 0; index < blocks.count; index++) {
    const guard = blocks.first + ((start + index) % blocks.count) * blocks.size;
    const server = createServer((socket) => socket.destroy());
    if (await listens(server, guard)) {
      server.unref();
      return guard;
    }
  }
  throw new Error(`no block of ports from ${blocks.first} on is free`);
}

/** Resolves with whether the port could be had. */
export function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    server.listen({ port, host: "127.0.0.1", backlog: 511 }, () => resolve(true));
  });
}
