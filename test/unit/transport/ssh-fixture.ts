import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type AuthContext, type Connection as Peer, Server, utils } from "ssh2";
import type { Connection } from "../../../provider/model/connection.js";
import { type KeyPair, makeKeyPair } from "../../ssh-keys.js";

/** The part of a long command that is sent packed. */
const packedScript = /(?<=vgpu_text=\$\(echo )[A-Za-z0-9+/=' ]+(?= \| )/;

/** A machine over real SSH whose commands run in a real shell; /run is a folder of its own. */
export class SshFixture {
  readonly root = mkdtempSync(join(tmpdir(), "vgpu-ssh-"));
  readonly hostKey: KeyPair;
  readonly userKey = makeKeyPair();
  readonly commands: string[] = [];
  readonly logins: string[] = [];
  connections = 0;
  openChannels = 0;
  mostChannels = 0;
  port = 0;
  bootId = "boot-1";
  /** Puts a folder of stand-ins, e.g. of sudo, before the user's PATH. */
  shellPath = process.env.PATH ?? "";
  password: string | undefined;
  maxSessions = 10;
  /** Commands during which the connection is cut, by a part of their text; each once. */
  readonly cut: string[] = [];
  allowForward = false;
  /** What the machine leaves without an answer: a request for a channel, for a command, for a way to another machine. */
  unanswered: "channel" | "command" | "forward" | undefined;
  /** The requests for a channel that were left so; each can still be answered. */
  readonly pendingChannels: (() => void)[] = [];
  /** The machine never confirms that a channel is closed. */
  deafToClose = false;
  refuseLogins = false;
  /** What is asked after the key was accepted, e.g. `["Verification code: "]`; each is answered with the password. */
  secondFactor: readonly string[] | undefined;
  /** Sessions that are asked for are neither opened nor refused. */
  ignoreSessions = false;
  private rebootProgram = "";
  private standsIn = false;
  private readonly peers = new Set<Peer>();
  private readonly children = new Set<ChildProcess>();
  private server: Server;

  constructor(readonly hostKeys: readonly KeyPair[] = [makeKeyPair()]) {
    this.hostKey = hostKeys[0] as KeyPair;
    mkdirSync(join(this.root, "run/lock"), { recursive: true });
    mkdirSync(join(this.root, "bin"));
    this.server = this.makeServer();
  }

  async start(port = 0): Promise<void> {
    this.server = this.makeServer();
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** As on a power loss: the port is closed, connections are cut, what ran is killed, /run is empty. */
  async powerOff(): Promise<void> {
    this.cutConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const child of this.children) if (child.pid !== undefined) kill(child.pid);
    rmSync(join(this.root, "run"), { recursive: true, force: true });
    mkdirSync(join(this.root, "run/lock"), { recursive: true });
  }

  async stop(): Promise<void> {
    await this.powerOff();
    rmSync(this.root, { recursive: true, force: true });
  }

  cutConnections(): void {
    for (const peer of this.peers) (peer as unknown as { _sock: Socket })._sock.destroy();
  }

  /** As when a client's power goes: of those connected now nothing more is heard, and they are not seen to close. */
  loseClients(): void {
    for (const peer of this.peers) (peer as unknown as { _sock: Socket })._sock.pause();
  }

  /** Starts it as a machine that a look takes for a host with nothing of NVIDIA's. */
  async startAsHost(): Promise<void> {
    await this.start();
    mkdirSync(join(this.root, "run/systemd/system"), { recursive: true });
    for (const name of ["systemctl", "modinfo", "mdevctl", "dpkg-query"])
      this.standIn(name, "#!/bin/sh\nexit 0\n");
  }

  /** Writes a stand-in program that the user's shell and the scripts find first. */
  standIn(name: string, text: string): void {
    this.standsIn = true;
    writeFileSync(join(this.root, "bin", name), text, { mode: 0o755 });
    this.shellPath = `${join(this.root, "bin")}:${process.env.PATH}`;
  }

  /** What the machine runs in place of systemctl, reboot and shutdown. */
  bootCommand(text: string): void {
    this.rebootProgram = join(this.root, "bin", "reboot-stand-in");
    writeFileSync(this.rebootProgram, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  /** What the server offers in place of its usual algorithms. */
  algorithms: import("ssh2").Algorithms = {};
  /** The server names no algorithms for the signatures of users. */
  namesNoSignatures = false;
  /** The hashes by which users signed. */
  readonly signatures: string[] = [];

  /** Connections that are open now. */
  get connected(): number {
    return this.peers.size;
  }

  has(file: string): boolean {
    return existsSync(join(this.root, file));
  }

  connection(more: Partial<Connection> = {}): Connection {
    return {
      host: "127.0.0.1",
      port: this.port,
      hostKey: this.hostKey.public,
      privateKey: this.userKey.private,
      ...more,
    };
  }

  private makeServer(): Server {
    const { hostKeys, algorithms } = this;
    const keys = hostKeys.map((key) => key.private);
    return new Server({ hostKeys: keys, algorithms }, (peer) => {
      if (this.namesNoSignatures) neverNameSignatures(peer);
      this.serve(peer);
    });
  }

  private serve(peer: Peer): void {
    this.peers.add(peer);
    (peer as unknown as { setNoDelay(): void }).setNoDelay();
    peer.on("error", () => {});
    peer.on("close", () => this.peers.delete(peer));
    peer.on("authentication", (attempt) => this.authenticate(attempt));
    peer.on("ready", () => this.connections++);
    let sessions = 0;
    const serveSession = (accept: () => import("ssh2").Session, reject: () => void) => {
      if (this.ignoreSessions) return;
      if (sessions >= this.maxSessions) return reject();
      const session = accept();
      sessions++;
      this.openChannels++;
      this.mostChannels = Math.max(this.mostChannels, this.openChannels);
      session.on("close", () => {
        sessions--;
        this.openChannels--;
      });
      session.on("exec", (acceptExec, _reject, info) => {
        if (this.unanswered !== "command") this.run(info.command, acceptExec());
      });
    };
    peer.on("session", (accept, reject) => {
      if (this.unanswered === "channel") this.pendingChannels.push(() => serveSession(accept, reject));
      else serveSession(accept, reject);
    });
    peer.on("tcpip", (accept, reject, info) => {
      if (this.unanswered === "forward") return;
      if (!this.allowForward) return reject();
      const socket = connect(info.destPort, info.destIP);
      socket.once("error", () => reject());
      socket.once("connect", () => {
        const channel = accept();
        channel.on("error", () => {});
        channel.on("close", () => socket.destroy());
        socket.removeAllListeners("error").on("error", () => channel.close());
        socket.pipe(channel).pipe(socket);
      });
    });
  }

  private authenticate(attempt: AuthContext): void {
    const { secondFactor } = this;
    if (secondFactor !== undefined && attempt.method === "keyboard-interactive") {
      attempt.prompt([...secondFactor], (answers) => {
        if (secondFactor.every((_, index) => answers[index] === this.password)) attempt.accept();
        else attempt.reject(["keyboard-interactive"]);
      });
      return;
    }
    const methods = this.password === undefined ? ["publickey"] : ["publickey", "password"];
    if (attempt.method === "publickey" && attempt.signature !== undefined)
      this.signatures.push(String(attempt.hashAlgo));
    if (attempt.method !== "none") this.logins.push(`${attempt.username} ${attempt.method}`);
    if (this.admits(attempt)) {
      if (secondFactor === undefined) attempt.accept();
      else attempt.reject(["keyboard-interactive"], true);
    } else attempt.reject(methods as never);
  }

  private admits(attempt: AuthContext): boolean {
    if (this.refuseLogins) return false;
    if (attempt.method === "password") return attempt.password === this.password;
    if (attempt.method !== "publickey") return false;
    const known = utils.parseKey(this.userKey.public);
    return !(known instanceof Error) && known.getPublicSSH().equals(attempt.key.data);
  }

  /** A script whose paths are in this machine's folder. */
  private here(text: string): string {
    return text
      .replaceAll("/run/", `${this.root}/run/`)
      .replaceAll("PATH=/usr/", this.standsIn ? `PATH=${this.root}/bin:/usr/` : "PATH=/usr/")
      .replaceAll("/proc/sys/kernel/random/boot_id", `${this.root}/boot-id`)
      .replace(
        "systemctl reboot || { in_time && reboot; } || { in_time && shutdown -r now; }",
        this.rebootProgram,
      );
  }

  private run(command: string, channel: import("ssh2").ServerChannel): void {
    this.commands.push(command);
    const at = this.cut.findIndex((part) => command.includes(part));
    const local = this.here(command).replace(packedScript, (packed) =>
      gzipSync(
        this.here(gunzipSync(Buffer.from(packed.replaceAll("' '", ""), "base64")).toString()),
      ).toString("base64"),
    );
    writeFileSync(join(this.root, "boot-id"), `${this.bootId}\n`);
    const child = spawn("/bin/sh", ["-c", local], { env: { PATH: this.shellPath, HOME: this.root } });
    this.children.add(child);
    channel.on("error", () => {});
    if (this.deafToClose) channel.close = () => channel;
    child.stdin.on("error", () => {});
    channel.pipe(child.stdin);
    channel.on("close", () => child.stdin.end());
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on("close", (code, signal) => {
      this.children.delete(child);
      if (at !== -1) {
        this.cut.splice(at, 1);
        this.cutConnections();
        return;
      }
      if (code === null) channel.exit((signal ?? "KILL").replace(/^SIG/, ""));
      else channel.exit(code);
      channel.end();
    });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {}
}

/** Waits until `holds()`, failing after `deadlineMs`. */
export async function until(holds: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error("the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A server that is older than the extension that names them. ssh2's has no option for it. */
function neverNameSignatures(peer: Peer): void {
  const { _protocol: protocol } = peer as unknown as { _protocol: { _kex: object | undefined } };
  let kex = protocol._kex;
  Object.defineProperty(protocol, "_kex", {
    get: () => kex,
    set: (value: object | undefined) => {
      kex = value;
      if (kex !== undefined)
        Object.defineProperty(kex, "remoteExtInfoEnabled", { get: () => false, set: () => {} });
    },
  });
}
