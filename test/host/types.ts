// What a machine (test/host/machine) and the model it runs (test/host/model) promise each other.

/** The errnos a write handler may answer with. */
export type Errno =
  | "ENOSPC"
  | "EINVAL"
  | "EEXIST"
  | "EIO"
  | "EBUSY"
  | "EACCES"
  | "EPERM"
  | "ENXIO"
  | "ENODEV"
  | "ENOENT"
  | "EAGAIN"
  | "ERANGE";

/** Thrown by a read or write handler: the caller's read(2) or write(2) fails with this errno. */
export class SysError extends Error {
  readonly errno: Errno;
  constructor(errno: Errno) {
    super(errno);
    this.errno = errno;
  }
}

export type SysNode =
  | { kind: "dir" }
  | { kind: "link"; target: string }
  | {
      kind: "file";
      mode: number;
      /** Called at every open-and-read; may wait. */
      read(): string | Buffer | Promise<string | Buffer>;
      /** One call per write(2). A promise that never settles blocks the writer as the kernel would. */
      write?(data: Buffer): void | Promise<void>;
    };

/** A live tree served at /sys of one simulated machine. Paths are absolute below /sys: `/bus/pci/devices`; the root is `/`. */
export interface SysTree {
  lookup(path: string): SysNode | undefined;
  list(path: string): string[];
}

/** One run of a stand-in program inside the machine. */
export interface ToolCall {
  tool: string;
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Whether the caller is root. */
  root: boolean;
  /** Standard input, read only when an argument is `/dev/stdin` or `-`. */
  stdin?: string;
}

export interface ToolResult {
  stdout?: string;
  stderr?: string;
  code: number;
}

export type ToolHandler = (call: ToolCall, machine: Machine) => Promise<ToolResult> | ToolResult;

/** What a model gives to the machine that runs it. Every method of a model can be called from tests by name. */
export interface MachineModel {
  readonly sys: SysTree;
  /** Stand-ins there from the start, path in the machine -> handler; more appear through Machine.installTool. */
  tools(): Record<string, ToolHandler>;
  /** Called on each boot after the root file system is there, before modules-load.d and units. */
  boot(machine: Machine): Promise<void>;
  /** All volatile state is lost. */
  powerOff(): void;
  /** State that outlives a reboot or shows in /sys, as plain data: part of Machine.digest(). */
  snapshot?(): unknown;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A kernel module the machine can load. Without `load` it always loads. */
export interface ModuleSpec {
  /** Its file has been removed while it is loaded: modinfo finds nothing. @default false */
  fileGone?: boolean;
  version?: string;
  /** Bytes, as lsmod shows it. */
  size?: number;
  /** Loaded first by modprobe, and in use while this one is loaded. */
  depends?: string[];
  /** Aliases and other lines modinfo prints, `key: value`. */
  info?: Record<string, string>;
  /** Throw a SysError to refuse. */
  load?(): void | Promise<void>;
  unload?(): void | Promise<void>;
  /** Who uses it besides other modules (processes, devices): rmmod refuses while not empty. */
  users?(): string[];
}

export interface ModuleRegistry {
  /** Makes `modprobe name` find it; kept over reboots until unregistered. `-` and `_` are one. */
  register(name: string, spec: ModuleSpec): void;
  unregister(name: string): void;
  known(name: string): boolean;
  loaded(name: string): boolean;
  loadedNames(): string[];
  /** modprobe: with its dependencies. Rejects with SysError ENOENT when unknown. */
  load(name: string): Promise<void>;
  /** rmmod. Rejects with SysError EBUSY while in use. */
  unload(name: string): Promise<void>;
  /** Names of modules that depend on it and are loaded, and the spec's own users. */
  users(name: string): string[];
}

/** Runs in place of the ExecStart of a unit (its unit file must exist to be seen). */
export interface UnitHandler {
  /** Throw (message goes to the journal) to fail the unit. */
  start(): void | Promise<void>;
  stop?(): void | Promise<void>;
  /** Whether it goes on running after start. @default true */
  daemon?: boolean;
}

/** What modprobe.d says, read from the initramfs copy or from the live /etc. */
export interface ModprobeConfig {
  blacklisted(name: string): boolean;
  /** `options` lines joined, "" when none. */
  options(name: string): string;
  /** The command of an `install` line, undefined when none. */
  install(name: string): string | undefined;
}

export interface HeldFile {
  /** Pid inside the machine. */
  readonly pid: number;
  release(): Promise<void>;
}

/** What the machine offers to models and tests. All paths are in the machine, absolute; /sys and /proc are not reachable by these. */
export interface Machine {
  readonly name: string;
  /** Directory in which the simulator's process sees the machine's root. Never touch `${root}/sys` from it: it would wait for itself. */
  readonly root: string;
  readonly bootId: string;
  /** `uname -r` of the machine. */
  readonly kernelRelease: string;
  /** Puts another kernel on the disk, which the next boot starts: without modules, with headers or without. */
  installKernel(release: string, headers: boolean): void;
  readonly options: MachineOptions;
  readonly modules: ModuleRegistry;
  /** Installed distribution packages, name -> version; mutable. */
  readonly packages: Map<string, string>;
  readFile(path: string): string | undefined;
  writeFile(path: string, text: string | Uint8Array, mode?: number): void;
  removeFile(path: string): void;
  exists(path: string): boolean;
  /** Names in a directory, [] when absent. */
  listDir(path: string): string[];
  installTool(path: string, handler: ToolHandler): void;
  removeTool(path: string): void;
  /** Replaces what `unit` runs; undefined gives it back to its file. Kept over reboots. */
  setUnitHandler(unit: string, handler: UnitHandler | undefined): void;
  startUnit(unit: string): Promise<boolean>;
  stopUnit(unit: string): Promise<void>;
  unitActive(unit: string): boolean;
  enableUnit(unit: string): void;
  disableUnit(unit: string): void;
  /** A daemon of this unit died: it becomes failed. */
  failUnit(unit: string, reason: string): void;
  journal(unit: string, line: string): void;
  /** A line of the kernel's log: dmesg and journalctl -k show it. */
  kernelLog(line: string): void;
  /** modprobe.d as the running initramfs has it, or as /etc has it now. */
  modprobeConfig(of: "initramfs" | "root"): ModprobeConfig;
  /** Runs a real program inside as root. */
  run(argv: string[], options?: { stdin?: string }): Promise<RunResult>;
  /** A real process inside that keeps `path` open (made when absent); it dies with the machine's power. */
  holdOpen(path: string, processName: string, args: string[]): Promise<HeldFile>;
  /** Asynchronous: drops connections, kills all processes, boots with a new boot id. */
  reboot(kind: "reboot" | "power-loss"): void;
  /** Stays off until powerOn. */
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
  readonly poweredOn: boolean;
}

/** What differs between kinds of machine besides the model. */
export interface MachineOptions {
  /** Fields of /etc/os-release. @default Debian 12 */
  osRelease?: Record<string, string>;
  /** "deb": dpkg and update-initramfs stand-ins. "rpm": rpm and dracut. @default "deb" */
  packageFormat?: "deb" | "rpm";
  /** Installed packages, name -> version. */
  packages?: Record<string, string>;
  /** dpkg's abbreviated status of a package, e.g. "hi " for one on hold. @default "ii " */
  packageStates?: Record<string, string>;
  /** Paths in a package. @default its copyright file; of packages that are called like drivers, a library of the driver too */
  packageFiles?: Record<string, string[]>;
  /** /usr/lib/modules/<uname -r>/build exists. @default true */
  kernelHeaders?: boolean;
  /** Programs of the real /usr the machine must not have: "/usr/sbin/mdevctl". */
  absent?: string[];
  /** Contents of /proc/cmdline. */
  kernelCommandLine?: string;
  /** Whether the processor has the flag of a VM. @default false */
  virtual?: boolean;
  /** What mokutil says; undefined: EFI variables are not supported. */
  secureBoot?: boolean;
  /** Files there at first boot, path -> text; a trailing "/" makes a directory. */
  files?: Record<string, string>;
  /** Time a boot takes before SSH answers, ms. @default 0 */
  bootMs?: number;
  /** Starts powered off (a guest that waits for its vGPU). @default false */
  startsOff?: boolean;
  /** Public keys ("ssh-ed25519 AAAA...") allowed to log in as root and admin. */
  authorizedKeys?: string[];
  /** Password per user; users without one log in by key only. */
  passwords?: Record<string, string>;
  /** What sudo does for the user admin. @default "passwordless" */
  sudo?: "passwordless" | "password" | "refused" | "missing";
}

/** What a kind's function returns. */
export interface MachineKind {
  model: MachineModel;
  options: MachineOptions;
}
