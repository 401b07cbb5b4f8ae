// The simulator's process: alone in its namespaces, holds the machines, told what to do over IPC.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { makeKeyPair } from "../../ssh-keys.js";
import type { MachineKind } from "../types.js";
import { SimulatorMachine } from "./machine.js";
import type { KindReference, MachineAddress, MachineSpec, Reply, Request } from "./protocol.js";

const machines = new Map<string, SimulatorMachine>();
const acknowledgements = new Map<
  number,
  { readonly machine: SimulatorMachine; readonly resolve: () => void }
>();
const clientKey = makeKeyPair();
let nextHook = 1;

const base = ["/mnt", "/media", "/srv"].find((path) => existsSync(path)) ?? "/tmp";
execFileSync("mount", ["-t", "tmpfs", "-o", "mode=0755", "machines", base]);

const send = (reply: Reply): void => {
  if (process.connected) process.send?.(reply);
};

function machineOf(name: string): SimulatorMachine {
  const machine = machines.get(name);
  if (!machine) throw new Error(`no machine named ${name}`);
  return machine;
}

function exported(reference: Pick<KindReference, "module" | "export">): (...args: unknown[]) => unknown {
  const found = (require(reference.module) as Record<string, unknown>)[reference.export];
  if (typeof found !== "function")
    throw new Error(`${reference.module} exports no function ${reference.export}`);
  return found as (...args: unknown[]) => unknown;
}

function portOf(host: string, port: number): number {
  const named = machines.get(host);
  return named && port === 22 ? named.remote.port : port;
}

async function start({ name, kind, options }: MachineSpec): Promise<MachineAddress> {
  if (machines.has(name) || !/^[a-z0-9][a-z0-9-]*$/i.test(name))
    throw new Error(`"${name}" is taken or no host name`);
  const { model, options: own } = (await exported(kind)(...(kind.args ?? []))) as MachineKind;
  const merged = { ...own, ...options };
  merged.authorizedKeys = [...(merged.authorizedKeys ?? []), clientKey.public];
  const machine = new SimulatorMachine({ name, base, model, options: merged, portOf });
  machines.set(name, machine);
  try {
    await machine.start();
  } catch (error) {
    machines.delete(name);
    throw error;
  }
  return address(machine);
}

function address(machine: SimulatorMachine): MachineAddress {
  const { port, hostKey } = machine.remote;
  return { name: machine.name, host: "127.0.0.1", port, hostKey, privateKey: clientKey.private };
}

/** What a test may ask of a machine, beyond the methods of Machine. */
const ACTIONS: Record<string, (machine: SimulatorMachine, ...args: never[]) => unknown> = {
  stop: async (machine) => {
    machines.delete(machine.name);
    await machine.stop();
  },
  address,
  state: ({ bootId, poweredOn, remote }) => ({ bootId, poweredOn, counters: { ...remote.counters } }),
  commands: ({ remote }) => remote.commands,
  resetCounters: ({ remote }) => remote.resetCounters(),
  fault: ({ remote }, rule: Parameters<typeof remote.faults.arm>[0]) => remote.faults.arm(rule),
  clearFaults: ({ remote }) => remote.faults.clear(),
  setNetwork: ({ remote }, state: Parameters<typeof remote.setNetwork>[0]) => remote.setNetwork(state),
  dropConnections: ({ remote }) => remote.cut(),
  rotateHostKey: ({ remote }) => remote.rotateHostKey(),
  hookCommands: (machine, on: boolean) => {
    machine.remote.onCommand = on
      ? (command) =>
          new Promise((resolve) => {
            const hook = nextHook++;
            acknowledgements.set(hook, { machine, resolve });
            send({ hook, machine: machine.name, command });
          })
      : undefined;
    // Only this machine's: another one's command would go on before its hook has ended.
    if (!on)
      for (const waiting of acknowledgements.values()) if (waiting.machine === machine) waiting.resolve();
  },
  holdOpen: async (machine, ...args: Parameters<SimulatorMachine["holdOpen"]>) => {
    const held = await machine.holdOpen(...args);
    heldFiles.set(`${machine.name} ${held.pid}`, held.release);
    return held.pid;
  },
  releaseHeld: (machine, pid: number) => heldFiles.get(`${machine.name} ${pid}`)?.(),
  journalLines: ({ log }, unit?: string) =>
    log.lines.filter((line) => unit === undefined || line.unit === unit),
  loadedModules: ({ modules }) => modules.loadedNames(),
  packages: ({ packages }) => Object.fromEntries(packages),
};

const heldFiles = new Map<string, () => Promise<void>>();

async function callByName(target: object, method: string, args: unknown[]): Promise<unknown> {
  const member = (target as Record<string, unknown>)[method];
  if (typeof member === "function") return member.apply(target, args);
  if (member === undefined) throw new Error(`${target.constructor.name} has no ${method}`);
  return member;
}

async function answer(request: Exclude<Request, { op: "acknowledge" }>): Promise<unknown> {
  switch (request.op) {
    case "start":
      return start(request.spec);
    case "machine": {
      const machine = machineOf(request.machine);
      const action = ACTIONS[request.method];
      return action
        ? action(machine, ...(request.args as never[]))
        : callByName(machine, request.method, request.args);
    }
    case "model":
      return callByName(machineOf(request.machine).model, request.method, request.args);
    case "invoke": {
      const parts = request.machines.map((name) => ({
        machine: machineOf(name),
        model: machineOf(name).model,
      }));
      return exported(request)(parts, ...request.args);
    }
  }
}

async function serve(request: Request): Promise<void> {
  if (request.op === "acknowledge") {
    acknowledgements.get(request.hook)?.resolve();
    acknowledgements.delete(request.hook);
    return;
  }
  const { id } = request;
  try {
    send({ id, value: await answer(request) });
  } catch (error) {
    const failure: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
    const { message, stack = "", code } = failure;
    send({ id, error: { message, stack, ...(code === undefined ? {} : { code }) } });
  }
}

process.on("message", (request) => void serve(request as Request));
// Whoever started this is gone: everything in these namespaces goes with this process.
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
process.on("unhandledRejection", (error) => console.error("simulator:", error));
send({ ready: true });
