import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LabKind } from "../../../tools/lab/vm/kinds.js";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";
import { startLabMachine } from "../../../tools/lab/vm/start.js";
import type { Stack } from "../../engine/support/stack.js";
import type { FleetConfig, FleetHost } from "../../fleet/fleet.js";
import { mustRun } from "./domain.js";
import { openLabStack } from "./lab-stack.js";
import { labPackages } from "./packages.js";

/** One machine of the lab, and a stack whose program declares it as its only host. */
export interface LabHost {
  readonly machine: LabMachine;
  readonly stack: Stack;
  /** Declares the host with a GPU and vGPUs on it. */
  declare(host: Omit<FleetHost, "connection">): Promise<void>;
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

/** Starts a bare machine of a kind, and makes a stack for it; nothing is declared yet. */
export async function openLabHost(kind: LabKind): Promise<LabHost> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-lab-"));
  const lab = await openLabStack(await labPackages());
  const machine = await startLabMachine({ kind, name: kind }).catch((error: unknown) => {
    lab.close();
    throw error;
  });
  const connection = connectionTo(machine, folder);
  return {
    machine,
    stack: lab.stack,
    declare: (host) =>
      lab.declare({ hosts: { [kind]: { connection, ...host } }, guests: {} } satisfies FleetConfig),
    boots: async () =>
      (await mustRun(machine, "journalctl --list-boots --no-pager -q")).trim().split("\n").length,
    reboot: () => machine.reboot(),
    settled: async () => {
      await machine.shell("systemctl is-system-running --wait");
    },
    close: async () => {
      await machine.stop();
      lab.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
