// Debian 13's own sshd, sudo, sudo-rs and shells, in namespaces of their own: what a login there does, nobody has written for us.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { holdFileLock } from "../../../tools/file-lock.js";
import { findMirrors } from "../../../tools/lab/images/mirrors.js";
import { keyring } from "../../../tools/lab/images/package-versions.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { ownPort } from "../machine/ports.js";

/** One account of a room. */
export interface RoomAccount {
  readonly name: string;
  readonly shell: string;
  /** Files in its home, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** Lines of sshd_config that hold for it alone. */
  readonly sshd?: readonly string[];
  /** Lines of sudoers. */
  readonly sudoers?: readonly string[];
  /** Options of chage, e.g. `"-d 0"`: its password has to be changed. */
  readonly age?: string;
}

/** A running room. */
export interface Room {
  readonly port: number;
  readonly hostKey: string;
  /** Logs in to every account. */
  readonly privateKey: string;
  stop(): Promise<void>;
}

/** Why no room can be here; `undefined` where one can. */
export function roomless(): string | undefined {
  if (process.getuid?.() !== 0) return "it takes root (chroot, mounts)";
  if (!existsSync("/usr/bin/apt-get")) return "it is made of Debian packages by apt-get, which is not here";
  return undefined;
}

/** Starts a room with these accounts, beside root. Made once, from Debian's packages, then kept in the user's cache. */
export async function startRoom(
  accounts: readonly RoomAccount[],
  extra: Readonly<Record<string, string>> = {},
): Promise<Room> {
  const root = await provideRoot();
  const own = mkdtempSync(join(tmpdir(), "vgpu-room-"));
  const userKey = makeKeyPair();
  const port = await ownPort();
  mkdirSync(join(own, "over"));
  lay(join(own, "files"), root, { accounts, extra, publicKey: userKey.public });
  const script = join(__dirname, "enter-room.sh");
  const child = spawn(
    "unshare",
    ["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", script, root, own, String(port)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const hostKey = await serving(child);
  return {
    port,
    hostKey,
    privateKey: userKey.private,
    stop: async () => {
      child.kill("SIGKILL");
      await gone;
      rmSync(own, { recursive: true, force: true });
    },
  };
}

/** Returns the host key when sshd listens. @throws with what was said where it never does */
function serving(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let hostKey = "";
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      hostKey += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Server listening")) resolve(hostKey.split(" ").slice(0, 2).join(" "));
    });
    child.once("close", () => reject(new Error(`the room did not start: ${said}`)));
  });
}

async function provideRoot(): Promise<string> {
  const script = join(__dirname, "build-room.sh");
  const key = createHash("sha256").update(readFileSync(script)).digest("hex").slice(0, 16);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pulumi-vgpu", "rooms");
  const made = join(cache, key);
  mkdirSync(cache, { recursive: true });
  const release = await holdFileLock(`${made}.lock`, () => {});
  try {
    if (!existsSync(made)) {
      const folder = mkdtempSync(join(cache, "new-"));
      execFileSync("/bin/sh", [script, folder, findMirrors().archive, keyring], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      renameSync(folder, made);
    }
  } finally {
    release();
  }
  return join(made, "root");
}

interface Layout {
  readonly accounts: readonly RoomAccount[];
  readonly extra: Readonly<Record<string, string>>;
  readonly publicKey: string;
}

function lay(files: string, root: string, { accounts, extra, publicKey }: Layout): void {
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(join(files, path, ".."), { recursive: true });
    writeFileSync(join(files, path), text, { mode });
  };
  const base = (name: string) => readFileSync(join(root, "etc", name), "utf8");
  const users = accounts.map((account, index) => ({ ...account, uid: 2000 + index }));
  const passwd = users.map(({ name, uid, shell }) => `${name}:x:${uid}:${uid}::/home/${name}:${shell}\n`);
  write("etc/passwd", base("passwd") + passwd.join(""));
  write("etc/group", base("group") + users.map(({ name, uid }) => `${name}:x:${uid}:\n`).join(""));
  write(
    "etc/shadow",
    base("shadow") + users.map(({ name }) => `${name}:*:19000:0:99999:7:::\n`).join(""),
    0o600,
  );
  write(
    "etc/passwords",
    users.map(({ name, password = "correct horse" }) => `${name}:${password}\n`).join(""),
    0o600,
  );
  write(
    "etc/ages",
    users.flatMap(({ name, age }) => (age === undefined ? [] : [`${age} ${name}\n`])).join(""),
  );
  write("etc/ssh/keys", `${publicKey}\n`);
  write("etc/ssh/sshd_config", sshdConfig(accounts));
  const sudoers = accounts.flatMap(({ sudoers = [] }) => sudoers);
  const policy = (lines: readonly string[]) =>
    `Defaults secure_path="/usr/sbin:/usr/bin"\nroot ALL=(ALL:ALL) ALL\n${lines.map((line) => `${line}\n`).join("")}`;
  write("etc/sudoers", policy(sudoers), 0o440);
  // sudo-rs reads this one, and knows no requiretty.
  write("etc/sudoers-rs", policy(sudoers.filter((line) => !line.includes("requiretty"))), 0o440);
  for (const { name, files: home = {} } of users) {
    mkdirSync(join(files, "home", name), { recursive: true });
    for (const [file, text] of Object.entries(home)) write(`home/${name}/${file}`, text);
  }
  for (const [path, text] of Object.entries(extra)) write(path, text, 0o755);
}

function sshdConfig(accounts: readonly RoomAccount[]): string {
  const lines = [
    "ListenAddress 127.0.0.1",
    "HostKey /etc/ssh/host_key",
    "AuthorizedKeysFile /etc/ssh/keys",
    "StrictModes no",
    "UsePAM yes",
    "PermitRootLogin yes",
    "PidFile none",
    "MaxStartups 100",
    "Subsystem sftp internal-sftp",
    ...accounts.flatMap(({ name, sshd = [] }) => (sshd.length === 0 ? [] : [`Match User ${name}`, ...sshd])),
  ];
  return `${lines.join("\n")}\n`;
}
