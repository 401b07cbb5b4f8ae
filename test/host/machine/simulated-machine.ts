import type { RunResult } from "../types.js";
import type { JournalLine } from "./init/journal.js";
import type {
  CommandRecord,
  FaultRule,
  MachineAddress,
  MachineCounters,
  NetworkState,
  Request,
} from "./protocol.js";

/** What speaks to the simulator's process. */
export interface SimulatorLink {
  request(request: Unnumbered<Request>): Promise<unknown>;
  setHook(machine: string, hook: ((command: CommandRecord) => void | Promise<void>) | undefined): void;
}

/** A request before it has its number. */
export type Unnumbered<T> = T extends { id: number } ? Omit<T, "id"> : never;

/** A test's hand on one machine in the simulator's process. Every call crosses to it and back. */
export class SimulatedMachine {
  readonly name: string;
  private readonly simulator: SimulatorLink;
  private known: MachineAddress;

  constructor(simulator: SimulatorLink, address: MachineAddress) {
    this.simulator = simulator;
    this.known = address;
    this.name = address.name;
  }

  /** Host, port, host key and a private key that logs in as root and as admin. */
  get address(): MachineAddress {
    return this.known;
  }

  /** Calls a method (or reads a field) of the machine's model by name; arguments and result are plain data. */
  model<T = unknown>(method: string, ...args: unknown[]): Promise<T> {
    return this.simulator.request({ op: "model", machine: this.name, method, args }) as Promise<T>;
  }

  run(argv: string[], options: { stdin?: string; user?: "root" | "admin" } = {}): Promise<RunResult> {
    return this.ask("run", argv, options);
  }

  /** Runs a line of /bin/sh as root. */
  shell(line: string): Promise<RunResult> {
    return this.run(["/bin/sh", "-c", line]);
  }

  /** A file of the machine's tree (not /sys, /proc). */
  readFile(path: string): Promise<string | undefined> {
    return this.ask("readFile", path);
  }

  writeFile(path: string, text: string, mode?: number): Promise<void> {
    return this.ask("writeFile", path, text, mode);
  }

  removeFile(path: string): Promise<void> {
    return this.ask("removeFile", path);
  }

  exists(path: string): Promise<boolean> {
    return this.ask("exists", path);
  }

  /** Hash of everything that outlives a reboot, and of the model's snapshot. */
  digest(): Promise<string> {
    return this.ask("digest");
  }

  /** What digest() hashes of the files, a line each: for showing what differs. */
  persistentLines(): Promise<string[]> {
    return this.ask("persistentLines");
  }

  async counters(): Promise<MachineCounters> {
    return (await this.ask<{ counters: MachineCounters }>("state")).counters;
  }

  async bootId(): Promise<string> {
    return (await this.ask<{ bootId: string }>("state")).bootId;
  }

  async poweredOn(): Promise<boolean> {
    return (await this.ask<{ poweredOn: boolean }>("state")).poweredOn;
  }

  /** Every exec request since the start or the last resetCounters(). */
  commands(): Promise<CommandRecord[]> {
    return this.ask("commands");
  }

  resetCounters(): Promise<void> {
    return this.ask("resetCounters");
  }

  /** Arms a fault; several can be armed. */
  fault(rule: FaultRule): Promise<void> {
    return this.ask("fault", rule);
  }

  clearFaults(): Promise<void> {
    return this.ask("clearFaults");
  }

  setNetwork(state: NetworkState): Promise<void> {
    return this.ask("setNetwork", state);
  }

  dropConnections(): Promise<void> {
    return this.ask("dropConnections");
  }

  /** A new host key, as after a reinstallation; returns it. */
  async rotateHostKey(): Promise<string> {
    const hostKey = await this.ask<string>("rotateHostKey");
    this.known = { ...this.known, hostKey };
    return hostKey;
  }

  /** `hook` is awaited after each command and before its result is sent. Returns what takes it away again. */
  async onCommand(hook: (command: CommandRecord) => void | Promise<void>): Promise<() => Promise<void>> {
    this.simulator.setHook(this.name, hook);
    await this.ask("hookCommands", true);
    return async () => {
      this.simulator.setHook(this.name, undefined);
      await this.ask("hookCommands", false);
    };
  }

  /** A process of that name inside keeps `path` open. */
  async holdOpen(
    path: string,
    processName: string,
    args: string[],
  ): Promise<{ pid: number; release(): Promise<void> }> {
    const pid = await this.ask<number>("holdOpen", path, processName, args);
    return { pid, release: () => this.ask("releaseHeld", pid) };
  }

  journal(unit?: string): Promise<JournalLine[]> {
    return this.ask("journalLines", unit);
  }

  unitActive(unit: string): Promise<boolean> {
    return this.ask("unitActive", unit);
  }

  loadedModules(): Promise<string[]> {
    return this.ask("loadedModules");
  }

  /** Resolves when it has booted again. */
  restart(kind: "reboot" | "power-loss"): Promise<void> {
    return this.ask("restart", kind);
  }

  powerOff(): Promise<void> {
    return this.ask("powerOff");
  }

  powerOn(): Promise<void> {
    return this.ask("powerOn");
  }

  stop(): Promise<void> {
    return this.ask("stop");
  }

  private ask<T>(method: string, ...args: unknown[]): Promise<T> {
    return this.simulator.request({ op: "machine", machine: this.name, method, args }) as Promise<T>;
  }
}
