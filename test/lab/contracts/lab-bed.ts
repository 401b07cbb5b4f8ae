import { readFileSync } from "node:fs";
import { hostdevXml } from "../../../provider/model/hostdev.js";
import type { LabKind } from "../../../tools/lab/kinds.js";
import { labPackages } from "../../../tools/lab/vendor/release-packages.js";
import type { FrozenState } from "../../../tools/lab/vm/frozen-states.js";
import { booted, startIn } from "../../../tools/lab/vm/frozen-states.js";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";
import { type Bed, type BedFacts, type BedState, ladders, type VgpuUser } from "../../contracts/contract.js";
import { climb } from "../../contracts/ladder.js";
import { describeBed } from "../../contracts/run-suite.js";
import { defineDomain, mustRun, startDomain, stopDomain, undefineDomain } from "../support/domain.js";

/** The environment that every script of ours has. */
const environment =
  "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\numask 022\n";

/** A machine of the lab as a bed. */
export function labBed(machine: LabMachine, facts: BedFacts, notes = new Map<string, string>()): Bed {
  return {
    facts,
    notes,
    address: () => machine.address,
    shell: (line) => machine.shell(environment + line),
    shellAs: (user, line, stdin = "") =>
      machine.shell(line, { user: user === "root" ? "root" : "admin", stdin }),
    writeFile: (path, text, mode) => machine.writeFile(path, text, mode),
    readFile: (path) => machine.readFile(path),
    reboot: () => machine.reboot(),
    use: (vgpu, vm) => startDomainWith(machine, { vgpu, vm, facts }),
  };
}

/** A libvirt domain with the vGPU, by the element that the resource puts out. */
async function startDomainWith(
  machine: LabMachine,
  { vgpu, vm, facts }: { readonly vgpu: string; readonly vm: string; readonly facts: BedFacts },
): Promise<VgpuUser> {
  const { vgpuInterface } = facts;
  await defineDomain(machine, vm, hostdevXml({ vgpuInterface, uuid: vgpu, parent: vgpu }));
  await startDomain(machine, vm);
  const pid = Number(await mustRun(machine, `cat /run/libvirt/qemu/${vm}.pid`));
  return {
    pid,
    end: async () => {
      await stopDomain(machine, vm);
      await undefineDomain(machine, vm);
    },
  };
}

/** Puts the vendor's package where the bed has it; a parent of mdevs that is not NVIDIA's has its driver loaded. */
async function equip(machine: LabMachine, facts: BedFacts): Promise<void> {
  if (facts.kind === "mdev parent") {
    await machine.writeFile("/etc/modules-load.d/mtty.conf", "mtty\n");
    await mustRun(machine, "modprobe mtty");
    return;
  }
  const packages = await labPackages();
  const { path } = facts.kind === "guest" ? packages.guest : packages.manager;
  await machine.writeFile(facts.packagePath, readFileSync(path));
}

/** Where a frozen machine keeps the notes of its climb. */
const notesFile = "/root/contract-notes.json";

/** The bed of a machine that was frozen on its ladder. */
async function thawedBed(machine: LabMachine, facts: BedFacts): Promise<Bed> {
  const notes = JSON.parse((await machine.readFile(notesFile)) ?? "[]") as [string, string][];
  return labBed(machine, facts, new Map(notes));
}

/** A machine frozen in a state of its ladder, to go on from there within seconds; so are the states before. */
export async function frozenAt(state: BedState, facts: BedFacts): Promise<FrozenState> {
  const { manager, guest } = await labPackages();
  const { sha256 } = facts.kind === "guest" ? guest : manager;
  const ladder: readonly BedState[] = ladders[facts.kind];
  const before = ladder[ladder.indexOf(state) - 1];
  const from = before === undefined ? booted : await frozenAt(before, facts);
  if (before === undefined) return from;
  return {
    name: `contracts-${state.replaceAll(" ", "-")}`,
    inputs: [sha256, JSON.stringify(facts)],
    from,
    prepare: async (machine) => {
      const bed = await thawedBed(machine, facts);
      if (from === booted) await equip(machine, facts);
      await climb(bed, state);
      await machine.writeFile(notesFile, JSON.stringify([...bed.notes]));
    },
  };
}

/** A host frozen in the ladder's state whose driver was installed on another kind: the disk is moved to its cards. */
async function frozenOnDiskOf(
  other: { readonly kind: LabKind; readonly facts: BedFacts },
  state: BedState,
  facts: BedFacts,
): Promise<FrozenState> {
  const of = await frozenAt(state, other.facts);
  const prepare = (machine: LabMachine) => climb(labBed(machine, facts), state);
  return {
    name: `contracts-${state.replaceAll(" ", "-")}`,
    inputs: [JSON.stringify(facts)],
    disk: { of, kind: other.kind },
    prepare,
  };
}

/** How the machine of a kind comes to its states, if not by climbing from a bare one. */
export interface LabRun {
  /** Begins in this state, made on another kind. */
  readonly start?: {
    readonly from: BedState;
    readonly on: { readonly kind: LabKind; readonly facts: BedFacts };
  };
  /** States that other tests begin with too: frozen, and made once for all. */
  readonly shared?: readonly BedState[];
}

/** Registers the contracts of a kind of the lab. */
export function describeLab(kind: LabKind, facts: BedFacts, { start, shared = [] }: LabRun = {}): void {
  let machine: LabMachine | undefined;
  const startAt = async (state: FrozenState) => {
    machine = await startIn(state, { name: `contracts-${kind}`, kind });
    return machine;
  };
  describeBed({
    facts,
    ...(start === undefined ? {} : { from: start.from }),
    // A driver is built and an initramfs made in minutes, in more of them on a busy machine.
    timeoutMs: 900_000,
    open: async () => {
      if (start !== undefined) {
        return labBed(await startAt(await frozenOnDiskOf(start.on, start.from, facts)), facts);
      }
      const bare = await startAt(booted);
      await equip(bare, facts);
      return labBed(bare, facts);
    },
    reach: async (bed, state) => {
      if (!shared.includes(state)) {
        await climb(bed, state);
        return bed;
      }
      await machine?.stop();
      return thawedBed(await startAt(await frozenAt(state, facts)), facts);
    },
    close: async () => machine?.stop(),
  });
}
