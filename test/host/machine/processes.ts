// Real processes inside a machine: one power-on of it, and what is run while it is on.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { RunResult } from "../types.js";
import { fuseDescriptors } from "./fuse-sys.js";
import { makePipe } from "./pipes.js";
import { ADMIN_UID, isRootless, type MachineDirectory } from "./root-tree.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

export const ROOT: User = { name: "root", uid: 0, home: "/root" };
export const ADMIN: User = { name: "admin", uid: ADMIN_UID, home: "/home/admin" };

/** A process running in a machine. */
export interface InsideProcess {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Resolves when it has ended; code is 128 + n for signal n. */
  readonly exited: Promise<{ code: number; signal?: NodeJS.Signals }>;
  /** Resolves when it has ended and all that held its outputs closed them. */
  readonly closed: Promise<{ code: number; signal?: NodeJS.Signals }>;
  readonly running: boolean;
  /** Reaches everything it started that made no session of its own. */
  signal(name: NodeJS.Signals): void;
}

const devNull = openSync("/dev/null", "r+");

/**
 * fuse-native lets children inherit the descriptors of its mounts; one in a process blocked in /sys would keep
 * that mount alive, and the process blocked, after the simulator is gone. So they are covered by /dev/null.
 */
function coverFuse(stdio: (number | "ignore" | "pipe")[]): (number | "ignore" | "pipe")[] {
  for (const descriptor of fuseDescriptors()) {
    while (stdio.length < descriptor) stdio.push("ignore");
    stdio[descriptor] = devNull;
  }
  return stdio;
}

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
    const options: SpawnOptions = { stdio: coverFuse(["ignore", "pipe", "pipe"]), env: { PATH } };
    const child = spawn("unshare", [...namespaces, ...enter], options);
    const pid = await new Promise<number>((resolve, reject) => {
      let out = "";
      let err = "";
      child.stderr?.on("data", (data) => {
        err += data;
      });
      child.stdout?.on("data", (data) => {
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
  spawn(argv: string[], user: User, extra: Record<string, string> = {}): Promise<InsideProcess> {
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
    return startProcess("nsenter", [...enter, "env", "-i", "-C", user.home, ...assignments, ...argv]);
  }

  async run(argv: string[], options: { stdin?: string; user?: User } = {}): Promise<RunResult> {
    const child = await this.spawn(argv, options.user ?? ROOT);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (data) => out.push(data));
    child.stderr.on("data", (data) => err.push(data));
    child.stdin.end(options.stdin ?? "");
    const { code } = await child.closed;
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

async function startProcess(command: string, args: string[]): Promise<InsideProcess> {
  const pipes = await Promise.all([
    makePipe("into the child"),
    makePipe("out of the child"),
    makePipe("out of the child"),
  ] as const);
  const child = spawn(command, args, {
    stdio: coverFuse(pipes.map(({ childEnd }) => childEnd)),
    // A session of its own, so that one signal reaches everything the command started.
    detached: true,
    env: { PATH },
  });
  for (const { childEnd } of pipes) closeSync(childEnd);
  const [stdin, stdout, stderr] = pipes.map(({ stream }) => stream) as [Socket, Socket, Socket];
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => stream.destroy());
  const exited = new Promise<{ code: number; signal?: NodeJS.Signals }>((resolve) => {
    child.once("error", () => resolve({ code: 127 }));
    child.once("exit", (code, signal) =>
      resolve(signal ? { code: 128 + (SIGNALS[signal] ?? 0), signal } : { code: code ?? 0 }),
    );
  });
  const ended = (stream: Socket) => new Promise((resolve) => stream.once("close", resolve));
  const closed = Promise.all([exited, ended(stdout), ended(stderr)]).then(([result]) => result);
  void exited.then(() => stdin.destroy());
  return {
    stdin,
    stdout,
    stderr,
    exited,
    closed,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    signal: (name) => signalGroup(child.pid, name),
  };
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // Ended already.
  }
}
