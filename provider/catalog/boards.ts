import { shortTypeName } from "../model/vgpu-type.js";
import { once, readData } from "./data.js";

/** A product model of a GPU. What no source says is left out. */
export interface Board {
  readonly name: string;
  /** PCI vendor and device, e.g. `"10de:2235"`. */
  readonly deviceId: string;
  /** PCI subsystem vendor and device, where the device id alone does not identify the board. */
  readonly subsystemId?: string;
  readonly architecture: string;
  /** Whether its vGPUs live on virtual functions. */
  readonly sriov?: boolean;
  /** Whether one VM may have several vGPUs that are smaller than the GPU. */
  readonly fractionalMultiVgpu?: boolean;
  readonly mig?: boolean;
  readonly displayModeTool?: "displaymodeselector" | "gpumodeswitch";
  readonly factoryDisplayMode?: "display-off" | "display-enabled";
  /** The last branch with vGPU for it, e.g. `"16"`; left out where none is known to be the last. */
  readonly lastBranch?: string;
  /** Beginnings of the names of its types, e.g. `["NVIDIA A40"]`. */
  readonly typeFamilies?: readonly string[];
  /** Codes of `sources()`. */
  readonly sources: readonly string[];
}

/** The PCI ids of a GPU's physical function, `"10de:2235"` or just `"2235"`, with or without `0x`. */
export interface BoardIds {
  readonly deviceId: string;
  /** Left out, or with device 0000 as virtual functions show it: not known. */
  readonly subsystemId?: string | null | undefined;
}

const rows = once(() => readData<readonly Board[]>("boards.json"));

/** Returns every board of the catalog. */
export function boards(): readonly Board[] {
  return rows();
}

function canonicalId(id: string): string {
  const text = id.trim().toLowerCase().replaceAll("0x", "");
  return text.includes(":") ? text : `10de:${text}`;
}

/**
 * Returns the board with these PCI ids, `null` if the catalog does not know it.
 * One device id can be several boards (10de:25b6 is an A16 or an A2, by subsystem): without a subsystem id the device id
 * must be unique, and a subsystem id that no row has is another board unless a row leaves it open.
 */
export function findBoard(ids: BoardIds): Board | null {
  const deviceId = canonicalId(ids.deviceId);
  const sameDevice = rows().filter((board) => board.deviceId === deviceId);
  const subsystemId = canonicalId(ids.subsystemId ?? "0000");
  const exact = sameDevice.find((board) => board.subsystemId === subsystemId);
  if (exact !== undefined) return exact;
  const subsystemKnown = !subsystemId.endsWith(":0000");
  const possible = subsystemKnown
    ? sameDevice.filter((board) => board.subsystemId === undefined)
    : sameDevice;
  return possible.length === 1 ? (possible[0] ?? null) : null;
}

/**
 * Returns the boards that these PCI ids can be: the one that they name; else all of the device id, since makers of servers give
 * a board a subsystem id of their own.
 */
export function possibleBoards(ids: BoardIds): readonly Board[] {
  const board = findBoard(ids);
  if (board !== null) return [board];
  return rows().filter(({ deviceId }) => deviceId === canonicalId(ids.deviceId));
}

/** Returns how type rows refer to a board: `"10de:2235"`, `"10de:25b6 sub 10de:14a9"`. */
export function boardReference(board: Board): string {
  return board.subsystemId === undefined ? board.deviceId : `${board.deviceId} sub ${board.subsystemId}`;
}

/** Returns the GPU parts that names of the board's types begin with, lower case, e.g. `["dc"]`; empty if not known. */
export function boardFamilies(board: Board): readonly string[] {
  return (board.typeFamilies ?? []).map((family) => shortTypeName(family).toLowerCase());
}

/** Returns the subsystem ids that boards of this device id have; `null` where the catalog does not know all of them. */
export function subsystemsOf(deviceId: string): readonly string[] | null {
  const sameDevice = rows().filter((board) => board.deviceId === canonicalId(deviceId));
  const known = sameDevice.flatMap(({ subsystemId }) => subsystemId ?? []);
  return known.length === 0 || known.length < sameDevice.length ? null : known;
}
