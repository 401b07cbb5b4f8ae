// The machine's SSH end: listens, counts, authenticates, forwards. Commands are run by ssh-session.ts.
import { connect, createServer, type Socket, type Server as TcpServer } from "node:net";
import ssh2, { type AuthContext, type Connection, type ServerChannel } from "ssh2";
import { makeKeyPair } from "../../ssh-keys.js";
import { listens, ownPort } from "./ports.js";
import type { MachineCounters, NetworkState } from "./protocol.js";

/** OpenSSH's MaxSessions: session channels one connection may have open at once. */
export const MAX_SESSIONS = 10;

/** What the SSH end asks of its machine. */
export interface SshHost {
  readonly counters: MachineCounters;
  allowedKey(user: string, algorithm: string, blob: Buffer): boolean;
  allowedPassword(user: string, password: string): boolean;
  /** Port behind a name only this simulator knows: another machine, for forwards. */
  portOf(host: string, port: number): number;
  session(channel: ServerChannel, request: { command: string; user: string; connection: SshLink }): void;
  refusesChannel(): boolean;
}

/** One client's connection. */
export interface SshLink {
  /** Cuts it without a word. */
  cut(): void;
}

export class SshEnd {
  port = 0;
  hostKey: string;
  private readonly host: SshHost;
  private tcp: TcpServer | undefined;
  private server: ssh2.Server;
  private readonly sockets = new Set<Socket>();
  private state: NetworkState = "normal";

  constructor(host: SshHost) {
    this.host = host;
    const { server, hostKey } = this.makeServer();
    this.server = server;
    this.hostKey = hostKey;
  }

  /** A new host key for connections from now on. */
  rotateHostKey(): string {
    const { server, hostKey } = this.makeServer();
    this.server = server;
    this.hostKey = hostKey;
    return hostKey;
  }

  async listen(): Promise<void> {
    if (this.tcp || this.state === "refused") return;
    const again = this.port !== 0;
    for (let attempt = 0; attempt < 200; attempt++) {
      if (!again) this.port = await ownPort();
      const tcp = createServer((socket) => this.accept(socket));
      if (await listens(tcp, this.port)) {
        this.tcp = tcp;
        return;
      }
      // Connections of the boot before may still be closing.
      await new Promise((wake) => setTimeout(wake, 25));
    }
    throw new Error(`the machine's port ${this.port} is not to be had`);
  }

  /** Refuses new connections and cuts the open ones. */
  async shut(): Promise<void> {
    const tcp = this.tcp;
    this.tcp = undefined;
    this.cutAll();
    if (tcp) await new Promise((closed) => tcp.close(closed));
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** `up`: whether the machine is booted, so that "normal" means listening. */
  async setNetwork(state: NetworkState, up: boolean): Promise<void> {
    this.state = state;
    for (const socket of this.sockets)
      state === "silent" ? hold(socket) : state === "normal" && release(socket);
    if (state === "refused" || !up) return this.shut();
    await this.listen();
  }

  private accept(socket: Socket): void {
    socket.setNoDelay(true);
    this.sockets.add(socket);
    this.host.counters.connections += 1;
    this.host.counters.openConnections += 1;
    socket.on("error", () => {});
    socket.once("close", () => {
      this.sockets.delete(socket);
      this.host.counters.openConnections -= 1;
    });
    if (this.state === "silent") hold(socket);
    else this.server.injectSocket(socket);
  }

  private makeServer(): { server: ssh2.Server; hostKey: string } {
    const pair = makeKeyPair();
    const server = new ssh2.Server({ hostKeys: [pair.private], ident: "simulated" }, (client) =>
      this.serve(client),
    );
    return { server, hostKey: pair.public };
  }

  private serve(client: Connection): void {
    let user = "";
    let sessions = 0;
    const open = new Set<() => void>();
    const { counters } = this.host;
    const link: SshLink = { cut: () => (client as unknown as { _sock: Socket })._sock.destroy() };
    client.on("error", () => {});
    client.on("close", () => {
      for (const free of open) free();
    });
    client.on("authentication", (context) => {
      user = context.username;
      if (this.authentic(context)) context.accept();
      else context.reject(["publickey", "password"]);
    });
    client.on("session", (accept, reject) => {
      if (sessions >= MAX_SESSIONS || this.host.refusesChannel()) {
        counters.refusedChannels += 1;
        return reject();
      }
      sessions += 1;
      counters.channels += 1;
      counters.openChannels += 1;
      counters.maxOpenChannels = Math.max(counters.maxOpenChannels, counters.openChannels);
      const session = accept();
      const free = () => {
        if (!open.delete(free)) return;
        sessions -= 1;
        counters.openChannels -= 1;
      };
      open.add(free);
      session.once("close", free);
      session.on("exec", (take, _refuse, { command }) => {
        const channel = take();
        // All is sent: a client that has it may open the next one.
        channel.once("finish", free);
        this.host.session(channel, { command, user, connection: link });
      });
      session.on("env", (take) => take?.());
    });
    client.on("tcpip", (accept, reject, { destIP, destPort }) =>
      this.forward({ accept, reject, destIP, destPort }),
    );
  }

  private forward(request: {
    accept: () => ServerChannel;
    reject: () => void;
    destIP: string;
    destPort: number;
  }): void {
    const socket = connect(this.host.portOf(request.destIP, request.destPort), "127.0.0.1");
    socket.setNoDelay(true);
    socket.once("error", () => request.reject());
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      this.host.counters.forwards += 1;
      const channel = request.accept();
      socket.on("error", () => channel.destroy());
      channel.on("error", () => socket.destroy());
      channel.on("close", () => socket.destroy());
      channel.pipe(socket).pipe(channel);
    });
  }

  private authentic(context: AuthContext): boolean {
    if (context.method === "password") return this.host.allowedPassword(context.username, context.password);
    if (context.method !== "publickey") return false;
    const { algo, data } = context.key;
    if (!this.host.allowedKey(context.username, algo, data)) return false;
    // Without a signature the client only asks whether this key would do.
    if (!context.signature) return true;
    const key = ssh2.utils.parseKey(`${algo} ${data.toString("base64")}`);
    return (
      !(key instanceof Error) &&
      key.verify(context.blob as Buffer, context.signature, context.hashAlgo) === true
    );
  }
}

function hold(socket: Socket): void {
  socket.pause();
  socket.cork();
}

function release(socket: Socket): void {
  socket.uncork();
  socket.resume();
}
