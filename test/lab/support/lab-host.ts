import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LabKind } from "../../../tools/lab/kinds.js";
import { booted, type FrozenState, startIn } from "../../../tools/lab/vm/frozen-states.js";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";
import type { Stack } from "../../engine/support/stack.js";
import type { FleetConfig, FleetHost } from "../../fleet/fleet.js";
import { mustRun } from "./domain.js";
import { openLabStack } from "./lab-stack.js";

/** One machine of the lab, and a stack whose program declares it as its only host. */
export interface LabHost {
  readonly machine: LabMachine;
  readonly stack: Stack;
  /** Declares the host with a GPU and vGPUs on it, and guests. */
  declare(host: Omit<FleetHost, "connection">, guests?: FleetConfig["guests"]): Promise<void>;
  /** How the program reaches another machine. */
  connectionTo(machine: LabMachine): FleetHost["connection"];
  /** How often it has booted, by its own journal. */
  boots(): Promise<number>;
  reboot(): Promise<void>;
  /** Waits until no unit is starting any more. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** How a program reaches a machine; the key lies in `folder` and is referred to. */
export function connectionTo({ address }: LabMachine, folder: string): FleetHost["connection"] {
  mkdirSync(folder, { recursive: true });
  const privateKeyPath = path.join(folder, `${address.name}.key`);
  writeFileSync(privateKeyPath, address.privateKey, { mode: 0o600 });
  const { host, port, hostKey } = address;
  return { host, port, user: "root", hostKey, privateKeyPath };
}

/** Starts a machine of a kind, bare unless a state is given, and makes a stack for it; nothing is declared yet. */
export async function openLabHost(kind: LabKind, state: FrozenState = booted): Promise<LabHost> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-lab-"));
  const lab = await openLabStack();
  const machine = await startIn(state, { kind, name: kind }).catch((error: unknown) => {
    lab.project.remove();
    throw error;
  });
  const connection = connectionTo(machine, folder);
  return {
    machine,
    stack: lab.stack,
    connectionTo: (machine) => connectionTo(machine, folder),
    declare: (host, guests = {}) => lab.declare({ hosts: { [kind]: { connection, ...host } }, guests }),
    boots: async () =>
      (await mustRun(machine, "journalctl --list-boots --no-pager -q")).trim().split("\n").length,
    reboot: () => machine.reboot(),
    settled: async () => {
      await machine.shell("systemctl is-system-running --wait");
    },
    close: async () => {
      await machine.stop();
      lab.project.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
