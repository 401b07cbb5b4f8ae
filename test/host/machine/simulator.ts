// For tests, the demo and benches: starts the simulator's process and speaks for the machines in it.
import { type ChildProcess, spawn } from "node:child_process";
import { simulatorLaunch } from "./launch.js";
import type { CommandRecord, MachineAddress, MachineSpec, Reply, Request } from "./protocol.js";
import { SimulatedMachine, type SimulatorLink, type Unnumbered } from "./simulated-machine.js";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const ENDED = "the simulator's process ended";

/** A process of simulated machines. End it with stop(); it also ends with the process that started it. */
export class Simulator implements SimulatorLink {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private readonly hooks = new Map<string, (command: CommandRecord) => void | Promise<void>>();
  private nextId = 1;
  private over = false;
  private readonly ended: Promise<void>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on("message", (reply) => this.receive(reply as Reply));
    this.ended = new Promise((resolve) => child.once("exit", () => resolve()));
    void this.ended.then(() => {
      this.over = true;
      for (const { reject } of this.waiting.values()) reject(new Error(ENDED));
      this.waiting.clear();
    });
  }

  /** Pid to kill for a test of sudden death. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Starts one machine; resolves when it answers over SSH (at once when it starts off). */
  async startMachine(spec: MachineSpec): Promise<SimulatedMachine> {
    const address = (await this.request({ op: "start", spec })) as MachineAddress;
    return new SimulatedMachine(this, address);
  }

  /** Starts many at once. */
  startFleet(specs: readonly MachineSpec[]): Promise<SimulatedMachine[]> {
    return Promise.all(specs.map((spec) => this.startMachine(spec)));
  }

  /**
   * Runs an exported function in the simulator's process: its first argument is `{ machine, model }[]` of the named
   * machines, the others are `args`. What it returns must be plain data.
   */
  invoke(
    reference: { module: string; export: string },
    machines: readonly SimulatedMachine[],
    ...args: unknown[]
  ): Promise<unknown> {
    const names = machines.map(({ name }) => name);
    return this.request({
      op: "invoke",
      module: reference.module,
      export: reference.export,
      machines: names,
      args,
    });
  }

  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    await this.ended;
  }

  request(request: Unnumbered<Request>): Promise<unknown> {
    if (this.over) return Promise.reject(new Error(ENDED));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ ...request, id }, (error) => {
        if (error && this.waiting.delete(id)) reject(new Error(ENDED, { cause: error }));
      });
    });
  }

  setHook(machine: string, hook: ((command: CommandRecord) => void | Promise<void>) | undefined): void {
    if (hook) this.hooks.set(machine, hook);
    else this.hooks.delete(machine);
  }

  private receive(reply: Reply): void {
    if ("ready" in reply) return;
    if ("hook" in reply) return void this.runHook(reply);
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ("error" in reply)
      waiting?.reject(
        Object.assign(new Error(reply.error.message), { stack: reply.error.stack, code: reply.error.code }),
      );
    else waiting?.resolve(reply.value);
  }

  private async runHook({ hook, machine, command }: Extract<Reply, { hook: number }>): Promise<void> {
    try {
      await this.hooks.get(machine)?.(command);
    } finally {
      if (this.child.connected) this.child.send({ op: "acknowledge", hook });
    }
  }
}

/**
 * Starts the simulator: a process in namespaces of its own, as root or as an ordinary user.
 * @throws Error one sentence saying what this system lacks
 */
export async function startSimulator(): Promise<Simulator> {
  const { command, args, env } = simulatorLaunch();
  const child = spawn(command, args, {
    env,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  await new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the simulator did not start (exit ${code}); its output is above`)),
    );
  });
  return new Simulator(child);
}
