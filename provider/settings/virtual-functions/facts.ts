import { countOf, type FactLines, type Links, type RecordFields } from "../../model/fact-lines.js";
import type { PciAddress } from "../../model/pci-address.js";
import type { SeenGpu } from "../setting.js";

/** A virtual function of a GPU. */
interface VirtualFunction {
  readonly vfAddress: PciAddress;
  readonly vfIndex: number;
  readonly driver: string | null;
}

/** A sriov-manage that runs. */
interface VfsTurn {
  /** `"-e"`: turns virtual functions on; `"-d"`: off. */
  readonly option: "-e" | "-d";
  /** Since when, seconds; `null` where nobody knows. */
  readonly seconds: number | null;
}

interface FunctionFacts {
  /** What `sriov_totalvfs` says, 0 where it is not there. A board may show some and make none: a Tesla T4 shows 16. */
  readonly totalVfs: number;
  readonly virtualFunctions: readonly VirtualFunction[];
  /** A script of ours left sriov-manage behind, and it has not ended; not there where nothing runs. */
  readonly vfsTurn?: VfsTurn;
}

interface FunctionRecord {
  /** How many virtual functions we need of the GPU, and the boot turns on; not there where only other settings are noted. */
  readonly vfs?: number;
  /** Some were on before us. */
  readonly foundOn?: true;
}

declare module "../../model/gpu-settings.js" {
  interface SettingFacts extends FunctionFacts {}
  interface SettingRecord extends FunctionRecord {}
  interface SettingSteps {
    readonly "enable-vfs": { readonly count: number };
    readonly "disable-vfs": object;
  }
}

/** Returns a GPU's virtual functions. */
export function parseFunctions({ lines, links, address }: SeenGpu): FunctionFacts {
  const [, , , , total] = lines.all("gpu").find((fields) => fields[0] === address) ?? [];
  return {
    totalVfs: countOf(total) ?? 0,
    virtualFunctions: functionsOf(address, links),
    ...turnOf(lines, address),
  };
}

/** Returns what is noted of a GPU's virtual functions. */
export function parseFunctionsRecord(fields: RecordFields): FunctionRecord {
  const noted = fields.get("vfs");
  if (noted === undefined) return {};
  const vfs = countOf(noted) ?? 0;
  return fields.get("found") === "on" ? { vfs, foundOn: true } : { vfs };
}

function functionsOf(address: string, links: Links): VirtualFunction[] {
  const functions = [];
  for (const [name, vfAddress] of links.get(address) ?? []) {
    if (!name.startsWith("virtfn")) continue;
    functions.push({
      vfAddress,
      vfIndex: Number(name.slice(6)),
      driver: links.get(vfAddress)?.get("driver") ?? null,
    });
  }
  return functions.sort((a, b) => a.vfIndex - b.vfIndex);
}

/** It notes its option and when the machine had been up for how many seconds. */
function turnOf(lines: FactLines, address: string): Pick<FunctionFacts, "vfsTurn"> {
  const turn = lines.all("vfs-turn").find((fields) => fields[0] === address);
  if (turn === undefined) return {};
  const [, option, since, now] = turn;
  const [begun, up] = [countOf(since), countOf(now)];
  const seconds = begun === null || up === null ? null : up - begun;
  return { vfsTurn: { option: option === "-d" ? "-d" : "-e", seconds } };
}
