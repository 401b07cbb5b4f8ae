import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Connection } from "../provider/model/connection.js";
import { findSshd, type Sshd } from "../tools/openssh/find-sshd.js";
import { makeKeyPair } from "./ssh-keys.js";

/** The server that tests run against, `undefined` where there is none; continuous integration must have one. */
export function sshdForTests(): Sshd | undefined {
  try {
    return findSshd();
  } catch (error) {
    if (process.env.CI === "true") throw error;
    console.warn((error as Error).message);
    return undefined;
  }
}

/** The password of every account in a server's room. */
export const roomPassword = "open sesame";

/**
 * A real sshd. As root it has a room of its own: accounts root, admin and sshd, a /run, and its own home folders; as an
 * ordinary user it logs in that user only. `/run/` of commands is a folder of its own either way.
 */
export class OpenSshServer {
  readonly root = mkdtempSync(join(tmpdir(), "vgpu-sshd-"));
  readonly userKey = makeKeyPair();
  readonly isRoom = process.getuid?.() === 0;
  readonly user = this.isRoom ? "root" : userInfo().username;
  hostKey = "";
  port = 0;
  private daemon: ChildProcess | undefined;

  constructor(private readonly sshd: Sshd) {
    for (const folder of ["run/lock", "home/admin", "home/root"]) this.folder(folder);
    this.keygen("-t", "ed25519", "-N", "", "-f", this.path("host_key"));
    this.hostKey = readFileSync(this.path("host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    writeFileSync(this.path("authorized_keys"), `${this.userKey.public}\n`);
    const within = `exec /bin/sh -c "$(printf '%s' "$SSH_ORIGINAL_COMMAND" | sed 's#/run/#${this.root}/run/#g')"`;
    writeFileSync(this.path("within"), `#!/bin/sh\n${within}\n`, { mode: 0o755 });
    if (this.isRoom) this.writeAccounts();
  }

  /** Returns the path of a file of the server. */
  path(name: string): string {
    return join(this.root, name);
  }

  keygen(...args: readonly string[]): void {
    execFileSync("ssh-keygen", ["-q", ...args], { stdio: "pipe" });
  }

  /** Starts the server, at the same port when it ran before; `settings` go before the usual ones. */
  async start(settings: readonly string[] = []): Promise<void> {
    this.port ||= await freePort();
    writeFileSync(this.path("sshd_config"), `${[...settings, ...this.usual()].join("\n")}\n`);
    const serve = [this.sshd.program, "-D", "-E", this.path("log"), "-f", this.path("sshd_config")];
    const room = ["unshare", "--mount", "sh", "-c", roomScript, "room", this.root, ...serve];
    const [program = "", ...args] = this.isRoom ? room : serve;
    const { libraries } = this.sshd;
    const env = { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) };
    const daemon = spawn(program, args, { env, stdio: "ignore" });
    this.daemon = daemon;
    await until(async () =>
      daemon.exitCode !== null ? Promise.reject(new Error(this.log())) : this.answers(),
    );
  }

  /** Ends the server and every connection to it. */
  async stop(): Promise<void> {
    await this.end();
    rmSync(this.root, { recursive: true, force: true });
  }

  async end(): Promise<void> {
    const { daemon } = this;
    if (daemon === undefined) return;
    this.daemon = undefined;
    const gone = new Promise((resolve) => daemon.once("exit", resolve));
    this.cutConnections();
    if (daemon.exitCode === null && daemon.kill()) await gone;
  }

  /** The processes that serve a connection each: a network that goes takes them along. */
  cutConnections(): void {
    for (const pid of this.children()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {}
    }
  }

  /** They live, and answer nobody any more. */
  freezeConnections(): void {
    for (const pid of this.children()) process.kill(pid, "SIGSTOP");
  }

  log(): string {
    return readFileSync(this.path("log"), "utf8");
  }

  /** How many connections were let in. */
  logins(): number {
    return this.log().match(/^Accepted /gm)?.length ?? 0;
  }

  connection(more: Partial<Connection> = {}): Connection {
    return {
      host: "127.0.0.1",
      port: this.port,
      user: this.user,
      hostKey: this.hostKey,
      privateKey: this.userKey.private,
      ...more,
    };
  }

  private folder(name: string): void {
    mkdirSync(this.path(name), { recursive: true });
  }

  private writeAccounts(): void {
    const hash = execFileSync("openssl", ["passwd", "-6", roomPassword], { encoding: "utf8" }).trim();
    const line = (name: string, id: number, shell: string) =>
      `${name}:x:${id}:${id}:${name}:${this.path(`home/${name}`)}:${shell}\n`;
    writeFileSync(
      this.path("passwd"),
      line("root", 0, "/bin/sh") + line("admin", 1000, "/bin/sh") + line("sshd", 74, "/usr/sbin/nologin"),
    );
    writeFileSync(this.path("shadow"), `root:${hash}:::::::\nadmin:${hash}:::::::\nsshd:*:::::::\n`);
  }

  private usual(): readonly string[] {
    return [
      `Port ${this.port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${this.path("host_key")}`,
      `AuthorizedKeysFile ${this.path("authorized_keys")}`,
      "StrictModes no",
      "PermitRootLogin yes",
      "PidFile none",
      "MaxStartups 100",
      `ForceCommand ${this.path("within")}`,
    ];
  }

  private async answers(): Promise<boolean> {
    const socket = connect(this.port, "127.0.0.1");
    const answered = await new Promise<boolean>((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    return answered;
  }

  private children(): number[] {
    const parent = this.daemon?.pid;
    if (parent === undefined) return [];
    const listed = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8");
    // A 0 would be the group of this very process.
    return (listed.match(/\d+/g) ?? []).map(Number).filter((pid) => pid > 1);
  }
}

/** Accounts and /run are the room's; whatever is mounted there goes with the room. */
const roomScript = `root=$1; shift
mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p /run/sshd /run/lock || exit 70
mount --bind "$root/passwd" /etc/passwd && mount --bind "$root/shadow" /etc/shadow || exit 71
exec "$@"`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("sshd does not answer");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
