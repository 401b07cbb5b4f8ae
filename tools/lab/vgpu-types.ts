import type { Board } from "../../provider/catalog/boards.js";
import { familyOfType, typesOfBoard, type VgpuType, vgpuTypes } from "../../provider/catalog/types.js";
import {
  boardFigures,
  catalogBoard,
  digits,
  guestFramebufferMiB,
  type LabBoard,
  labBoards,
} from "./cards.js";

/** A kind of GPU instance. */
interface MigProfile {
  readonly id: number;
  readonly name: string;
  readonly slices: number;
  readonly memorySlices: number;
  /** How many starts it can have: 0, `memorySlices`, twice that and so on. */
  readonly positions: number;
  readonly maxInstances: number;
  readonly framebufferMiB: number;
}

/**
 * GPU instances of an A100 with 40 GB. Ids, counts and memory of 19, 20 and 0: `nvidia-smi mig -lgip` as captured;
 * the rest unsourced.
 */
const a100Profiles: readonly MigProfile[] = [
  profile(19, "1g.5gb", { slices: 1, memorySlices: 1, positions: 7, maxInstances: 7, framebufferMiB: 4864 }),
  profile(20, "1g.5gb+me", {
    slices: 1,
    memorySlices: 1,
    positions: 7,
    maxInstances: 1,
    framebufferMiB: 4864,
  }),
  profile(14, "2g.10gb", { slices: 2, memorySlices: 2, positions: 3, maxInstances: 3, framebufferMiB: 9984 }),
  profile(9, "3g.20gb", { slices: 3, memorySlices: 4, positions: 2, maxInstances: 2, framebufferMiB: 20096 }),
  profile(5, "4g.20gb", { slices: 4, memorySlices: 4, positions: 1, maxInstances: 1, framebufferMiB: 20096 }),
  profile(0, "7g.40gb", { slices: 7, memorySlices: 8, positions: 1, maxInstances: 1, framebufferMiB: 40448 }),
];

function profile(id: number, name: string, shape: Omit<MigProfile, "id" | "name">): MigProfile {
  return { id, name, ...shape };
}

/** What the catalog does not say of a board's types: their family, where the board's row names none, and the profiles. */
const migBoards: Partial<Record<LabBoard, { family: string; profiles: readonly MigProfile[] }>> = {
  "NVIDIA A100 PCIe": { family: "a100", profiles: a100Profiles },
};

/**
 * The table of vGPU types that the vendor's package brings for these boards (all of the lab unless said) and nvidia-vgpud gives the driver.
 * Types without a number or full name in the catalog are left out. Form: vendor/driver/README.md.
 */
export function vgpuTypesText(names: readonly LabBoard[] = labBoards): string {
  const rows = names.flatMap((name) => [...typeRows(name), ...profileRows(name)]);
  return `${[...rows, "end"].join("\n")}\n`;
}

/** The types of a board, as `vgpuTypesText` lists them. */
export function labTypes(name: LabBoard): readonly NumberedType[] {
  const family = migBoards[name]?.family;
  const rows =
    family === undefined
      ? typesOfBoard(catalogBoard(name))
      : vgpuTypes().filter((type) => familyOfType(type.shortName) === family);
  return rows.filter(isNumbered).sort((a, b) => a.vgpuTypeId - b.vgpuTypeId);
}

/** A type that a host can show. */
export type NumberedType = VgpuType & { readonly vgpuTypeId: number; readonly name: string };

function isNumbered(type: VgpuType): type is NumberedType {
  return type.vgpuTypeId !== undefined && type.name !== undefined;
}

function typeRows(name: LabBoard): string[] {
  const board = catalogBoard(name);
  const rows: string[] = [];
  for (const type of labTypes(name)) {
    const instance = type.migBacked ? profileOf(name, type) : undefined;
    // A MIG-backed type whose GPU instance nobody can make is none.
    if (type.migBacked && instance === undefined) continue;
    rows.push(typeRow(name, board, { type, instance }));
  }
  return rows;
}

function typeRow(
  name: LabBoard,
  board: Board,
  of: { type: NumberedType; instance: MigProfile | undefined },
): string {
  const { type, instance } = of;
  const { framebufferMiB, vfs, legacy } = boardFigures(name);
  const functions = legacy || vfs === 0 ? Number.POSITIVE_INFINITY : vfs;
  const fits = Math.min(Math.floor(framebufferMiB / type.framebufferMiB), functions);
  const max = type.maxInstancesPerGpu ?? fits;
  return [
    ...["type", type.vgpuTypeId, digits(board.deviceId), subsystemOf(board)],
    ...[type.framebufferMiB, guestFramebufferMiB(type), max],
    ...[type.maxHeads ?? (type.series === "Q" || type.series === "B" ? 4 : 1), resolutionOf(type)],
    ...[type.frameRateLimit ?? (type.series === "B" ? 45 : 60), type.vgpuClass ?? classOfSeries[type.series]],
    ...[type.series, type.multiVgpu === true ? 1 : 0],
    ...(instance === undefined ? ["-", "-"] : [instance.id, Math.ceil(max / instance.maxInstances)]),
    ...[(type.licenses?.[0] ?? "-").split(" ")[0], type.name],
  ].join(" ");
}

const classOfSeries = { A: "NVS", B: "NVS", C: "Compute", Q: "Quadro" } as const;

/** C types have 2400 lines from release 15 on; the catalog's figure is older. Source: the A2 capture. */
function resolutionOf({ series, maxResolution }: VgpuType): string {
  if (series === "C") return "4096x2400";
  return maxResolution ?? (series === "A" ? "1280x1024" : "7680x4320");
}

function subsystemOf(board: Board): string {
  return board.subsystemId === undefined ? "-" : digits(board.subsystemId);
}

/** `A100-2-10C` needs a `2g.10gb`, `A100-1-5CME` the one with media engines. */
function profileOf(name: LabBoard, type: VgpuType): MigProfile | undefined {
  const [, slices, size, media] = /-(\d)-(\d+)[A-Z](ME)?$/.exec(type.shortName) ?? [];
  const wanted = `${slices}g.${size}gb${media === undefined ? "" : "+me"}`;
  return migBoards[name]?.profiles.find((each) => each.name === wanted);
}

function profileRows(name: LabBoard): string[] {
  const device = digits(catalogBoard(name).deviceId);
  return (migBoards[name]?.profiles ?? []).map((each) =>
    [
      ...["profile", each.id, device, each.slices, each.memorySlices, each.positions, each.maxInstances],
      ...[each.framebufferMiB, each.name],
    ].join(" "),
  );
}
