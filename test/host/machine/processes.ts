// Real processes inside a machine: one power-on of it, and what is run while it is on.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { RunResult } from "../types.js";
import { ADMIN_UID, isRootless, type MachineDirectory } from "./root-tree.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

export const ROOT: User = { name: "root", uid: 0, home: "/root" };
export const ADMIN: User = { name: "admin", uid: ADMIN_UID, home: "/home/admin" };

/** One power-on: the namespaces and their pid 1. */
export class PowerOn {
  /** Pid of the machine's pid 1, as the simulator sees it. */
  readonly pid: number;
  private readonly unshare: ChildProcess;
  readonly ended: Promise<void>;

  private constructor(pid: number, unshare: ChildProcess) {
    this.pid = pid;
    this.unshare = unshare;
    this.ended = new Promise((resolve) => unshare.once("exit", () => resolve()));
  }

  static async start(directory: MachineDirectory, hostname: string): Promise<PowerOn> {
    const namespaces = [
      "--mount",
      "--pid",
      "--uts",
      "--ipc",
      "--fork",
      "--kill-child",
      "--propagation",
      "private",
    ];
    const enter = ["/bin/sh", join(__dirname, "enter.sh"), directory.dir, hostname];
    const child = spawn("unshare", [...namespaces, ...enter], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      let out = "";
      let err = "";
      child.stderr.on("data", (data) => {
        err += data;
      });
      child.stdout.on("data", (data) => {
        out += data;
        if (out.endsWith("\n")) resolve(Number(out));
      });
      child.once("exit", (code) =>
        reject(new Error(`machine ${hostname} did not start (exit ${code}): ${err}`)),
      );
    });
    return new PowerOn(pid, child);
  }

  /** Every process in the machine is gone when this resolves. */
  async kill(): Promise<void> {
    this.signal();
    await this.ended;
  }

  /** Starts to end every process in the machine. */
  signal(): void {
    if (this.unshare.exitCode !== null || this.unshare.signalCode !== null) return;
    try {
      process.kill(this.pid, "SIGKILL");
    } catch {
      // Ended by itself.
    }
  }

  /** Starts `argv` inside; it outlives its caller's connection as under sshd. */
  spawn(argv: string[], user: User, extra: Record<string, string> = {}): ChildProcess {
    const environment = {
      PATH,
      HOME: user.home,
      USER: user.name,
      LOGNAME: user.name,
      SHELL: "/bin/sh",
      ...extra,
    };
    const identity = user.uid !== 0 && !isRootless() ? ["-S", `${user.uid}`, "-G", `${user.uid}`] : [];
    const enter = ["-t", `${this.pid}`, "-m", "-u", "-i", "-p", ...identity, "--"];
    const assignments = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    return spawn("nsenter", [...enter, "env", "-i", "-C", user.home, ...assignments, ...argv], {
      stdio: "pipe",
      // A session of its own, so that one signal reaches everything the command started.
      detached: true,
      env: { PATH },
    });
  }

  async run(argv: string[], options: { stdin?: string; user?: User } = {}): Promise<RunResult> {
    const child = this.spawn(argv, options.user ?? ROOT);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (data) => out.push(data));
    child.stderr?.on("data", (data) => err.push(data));
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.stdin ?? "");
    const code = await exitOf(child);
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  }
}

const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Exit code after all output is there; 128 + n for signal n. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code, signal) => resolve(code ?? 128 + (SIGNALS[signal ?? ""] ?? 0)));
  });
}
