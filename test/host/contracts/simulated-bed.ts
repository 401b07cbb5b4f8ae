import { join } from "node:path";
import type { Bed, BedFacts } from "../../contracts/contract.js";
import { climb } from "../../contracts/ladder.js";
import { makeVgpu } from "../../contracts/vgpus.js";
import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../machine/simulator.js";
import { until } from "../machine/test-support.js";
import type { HostKindOptions } from "../model/kinds.js";
import { makeGuestRun, makeHostRun } from "../model/run-package.js";

const modelFolder = join(__dirname, "..", "model");
const kinds = join(modelFolder, "kinds.ts");
const vms = join(__dirname, "..", "lifecycle", "vm.ts");

/** The environment that every script of ours has. */
const environment =
  "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\numask 022\n";

/** How a simulated bed is started. */
export interface SimulatedChoice {
  readonly facts: BedFacts;
  /** Export of model/kinds.ts. */
  readonly kind: "turingLegacy" | "ampereMdev" | "adaVendorVfio";
  readonly options?: HostKindOptions;
}

/** A simulated machine as a bed. */
export interface OpenBed {
  readonly bed: Bed;
  close(): Promise<void>;
}

/** Starts a simulated host. */
export async function openSimulatedHost(choice: SimulatedChoice): Promise<OpenBed> {
  const simulator = await startSimulator();
  return { bed: await hostBed(simulator, "contract-host", choice), close: () => simulator.stop() };
}

/** Starts a guest, and beside it the host that has its vGPU. */
export async function openSimulatedGuest(facts: BedFacts, on: SimulatedChoice): Promise<OpenBed> {
  const simulator = await startSimulator();
  const host = await hostBed(simulator, "its-host", on);
  for (const state of ["host without nouveau", "host with driver", "vGPU host"] as const)
    await climb(host, state);
  const vgpu = await makeVgpu(host, on.facts.types.one);
  const guest = await simulator.startMachine({
    name: "contract-guest",
    kind: { module: kinds, export: "linuxGuest" },
  });
  const machines = [guest, host.machine];
  const tied = { vmName: "contract-guest", mdevUuid: vgpu.id };
  await simulator.invoke({ module: join(modelFolder, "tie.ts"), export: "tieGuest" }, machines, tied);
  await until("the guest is on", () => guest.poweredOn(), 30_000);
  await guest.writeFile(facts.packagePath, makeGuestRun({ version: facts.driverVersion }).toString());
  return { bed: bedOf(simulator, guest, facts), close: () => simulator.stop() };
}

async function hostBed(simulator: Simulator, name: string, choice: SimulatedChoice) {
  const { facts, kind, options = {} } = choice;
  const machine = await simulator.startMachine({
    name,
    kind: { module: kinds, export: kind, args: [options] },
  });
  await machine.writeFile(facts.packagePath, makeHostRun({ version: facts.driverVersion }).toString());
  return { ...bedOf(simulator, machine, facts), machine };
}

function bedOf(simulator: Simulator, machine: SimulatedMachine, facts: BedFacts): Bed {
  return {
    facts,
    notes: new Map(),
    address: () => machine.address,
    shell: (line) => machine.shell(environment + line),
    shellAs: (user, line, stdin = "") =>
      machine.run(["/bin/sh", "-c", line], { user: user === "root" ? "root" : "admin", stdin }),
    writeFile: (path, text, mode) => machine.writeFile(path, text, mode),
    readFile: (path) => machine.readFile(path),
    reboot: async () => {
      const before = await machine.bootId();
      await machine.shell("systemctl reboot");
      await until("it has rebooted", async () => (await machine.bootId()) !== before && machine.poweredOn());
      await until(
        "it answers",
        async () => (await machine.shell("true").catch(() => ({ code: 1 }))).code === 0,
      );
    },
    use: async (vgpu, vm) => {
      const pid = (await simulator.invoke({ module: vms, export: "startVm" }, [machine], vm, vgpu)) as number;
      return {
        pid,
        end: async () => {
          await simulator.invoke({ module: vms, export: "stopVm" }, [machine], vm);
        },
      };
    },
  };
}
