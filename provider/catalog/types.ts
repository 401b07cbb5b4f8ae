import { parseVgpuTypeName, type Series, shortTypeName } from "../model/vgpu-type.js";
import { type Board, boardFamilies, boardReference } from "./boards.js";
import { once, readData } from "./data.js";

/** A vGPU type. What no source says is left out. */
export interface VgpuType {
  /** What identifies it, e.g. `"A40-8Q"`: the last word of its full name. */
  readonly shortName: string;
  /** As the host shows it, e.g. `"NVIDIA A40-8Q"`. */
  readonly name?: string;
  /** The number in one driver release. Never identity: other releases may number otherwise, the host is asked. */
  readonly vgpuTypeId?: number;
  /** Set on rows whose `vgpuTypeId` only an old release used; another row has the same name. */
  readonly staleId?: string;
  readonly series: Series;
  readonly vgpuClass?: string;
  /** Reserved on the GPU. */
  readonly framebufferMiB: number;
  readonly guestFramebufferMiB?: number;
  readonly maxInstancesPerGpu?: number;
  readonly maxHeads?: number;
  /** Per head, e.g. `"7680x4320"`. */
  readonly maxResolution?: string;
  /** Frames per second. */
  readonly frameRateLimit?: number;
  readonly cuda?: boolean;
  readonly ecc?: boolean;
  readonly multiVgpu?: boolean;
  readonly licenses?: readonly string[];
  readonly migBacked: boolean;
  /** Slices of the GPU instance of a MIG-backed type. */
  readonly migSlices?: number;
  readonly gpuInstanceProfileId?: number;
  /** Boards a source lists it for, as `boardReference` writes them. */
  readonly boards?: readonly string[];
  /** Codes of `sources()`. */
  readonly sources: readonly string[];
}

interface TypeTables {
  readonly all: readonly VgpuType[];
  readonly byShortName: ReadonlyMap<string, VgpuType>;
}

const tables = once((): TypeTables => {
  const all = readData<readonly VgpuType[]>("types.json").filter((type) => type.staleId === undefined);
  return {
    all,
    byShortName: new Map(all.map((type) => [type.shortName.toLowerCase(), type])),
  };
});

const knownFamilies = once(() => new Set(tables().all.map((type) => familyOfType(type.shortName))));

/** Returns every vGPU type of the catalog, each name once. */
export function vgpuTypes(): readonly VgpuType[] {
  return tables().all;
}

/** Returns the GPU part of a type's name, lower case, e.g. `"a40"`; `null` if the name is none of a type. */
export function familyOfType(name: string): string | null {
  return parseVgpuTypeName(name)?.gpu.toLowerCase() ?? null;
}

/** Returns the type with this full or short name, in any case; `null` if it is no name or the catalog does not know it. */
export function findVgpuType(name: string): VgpuType | null {
  if (parseVgpuTypeName(name) === null) return null;
  return tables().byShortName.get(shortTypeName(name).toLowerCase()) ?? null;
}

/** Whether the catalog has a type whose name begins with this GPU part. */
export function isKnownFamily(family: string): boolean {
  return knownFamilies().has(family.toLowerCase());
}

/** Returns the types the board can have: those a source lists for it and those that bear its name. Empty if not known. */
export function typesOfBoard(board: Board): readonly VgpuType[] {
  return tables().all.filter((type) => isTypeOfBoard(type, board));
}

/** Whether the board can have the type: a source lists it for the board, or it bears the board's name. */
export function isTypeOfBoard({ boards = [], shortName }: VgpuType, board: Board): boolean {
  return (
    boards.includes(boardReference(board)) || boardFamilies(board).includes(familyOfType(shortName) ?? "")
  );
}

const licensesBySeries: Readonly<Record<Series, readonly string[]>> = {
  Q: ["vWS"],
  B: ["vPC", "vWS"],
  A: ["vApps"],
  C: ["NVIDIA AI Enterprise", "vCS (releases up to 15)"],
};

/**
 * Returns the licenses that let a guest use the type, any of them; `null` if the name is none of a type.
 * Source: T2 and T10 of `sources()`; by the series letter where the type's own row says nothing.
 */
export function licensesOfType(name: string): readonly string[] | null {
  const series = parseVgpuTypeName(name)?.series;
  if (series === undefined) return null;
  return findVgpuType(name)?.licenses ?? licensesBySeries[series];
}
