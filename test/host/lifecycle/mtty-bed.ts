import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionTo } from "../../fleet/fleet.js";
import { type DeclaredResource, owner } from "../../fleet/program.js";
import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../machine/simulator.js";
import { mttyHost } from "../model/kinds.js";
import { uuidOf } from "./bed.js";

/** Name of the host's resource in every program here. */
export const hostName = "kvm-host";

/** A host with mtty and without anything of NVIDIA's, and programs for it. */
export interface MttyHost {
  readonly machine: SimulatedMachine;
  readonly statePath: string;
  /** The host, without driver and GPUs, with these mdevs: their types by resource name. */
  program(mdevs: Readonly<Record<string, string>>, parent?: string): DeclaredResource[];
}

/** One simulator with hosts that have mtty. */
export interface MttyBed {
  readonly simulator: Simulator;
  host(name: string, options?: Parameters<typeof mttyHost>[0]): Promise<MttyHost>;
  close(): Promise<void>;
}

const kinds = join(__dirname, "..", "model", "kinds.ts");

/** Starts a simulator for one test file. */
export async function openMttyBed(): Promise<MttyBed> {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-vgpu-mtty-"));
  const simulator = await startSimulator();
  return {
    simulator,
    host: async (name, options = {}) => {
      const kind = { module: kinds, export: mttyHost.name, args: [options] };
      const machine = await simulator.startMachine({ name, kind });
      const own = join(folder, name);
      mkdirSync(own);
      const connection = connectionTo(machine, own);
      return {
        machine,
        statePath: join(own, "state.json"),
        program: (mdevs, parent = "mtty") => [hostOf(connection), ...mdevsOf(connection, { mdevs, parent })],
      };
    },
    close: async () => {
      await simulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function hostOf(connection: object): DeclaredResource {
  return { kind: "vgpuHost", name: hostName, inputs: { name: hostName, owner, connection } };
}

function mdevsOf(
  connection: object,
  declared: { readonly mdevs: Readonly<Record<string, string>>; readonly parent: string },
): DeclaredResource[] {
  const vgpus = Object.entries(declared.mdevs).map(([resource, mdevType]) => ({
    resource,
    host: hostName,
    parent: declared.parent,
    mdevType,
    uuid: uuidOf(resource),
    keep: false,
  }));
  return vgpus.map(({ resource, host, parent, mdevType, uuid }) => ({
    kind: "mdevDevice",
    name: resource,
    inputs: {
      name: resource,
      owner,
      connection,
      host,
      parent,
      mdevType,
      uuid,
      declared: { hosts: [], vgpus, guests: [] },
    },
  }));
}
