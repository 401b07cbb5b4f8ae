import { type Board, boards, findBoard } from "../../provider/catalog/boards.js";
import { findVgpuType, type VgpuType } from "../../provider/catalog/types.js";
import type { LabKind } from "./kinds.js";

/** What the catalog does not hold of a board, and the slot it sits in. */
interface Figures {
  readonly slot: string;
  /** Four hexadecimal digits, as are the others. */
  readonly subsystem: string;
  readonly class: "0300" | "0302";
  /** What its SR-IOV capability shows; 0: it has none. */
  readonly vfs: number;
  /** No function ever appears, whatever the capability shows: vGPUs are made on the GPU itself. */
  readonly legacy?: true;
  readonly framebufferMiB: number;
}

/**
 * By catalog name. VFs: an A40 and an A100 have 32 (NVIDIA vGPU User Guide 17), the L40S and the RTX A6000 as many,
 * unsourced; a T4 shows 16 (field reports) of which none appears. Subsystem ids: unsourced.
 */
const figures = {
  "Tesla T4": {
    slot: "0000:3b:00.0",
    subsystem: "12a2",
    class: "0302",
    vfs: 16,
    legacy: true,
    framebufferMiB: 16384,
  },
  "NVIDIA A40": { slot: "0000:41:00.0", subsystem: "145a", class: "0302", vfs: 32, framebufferMiB: 49152 },
  "NVIDIA L40S": { slot: "0000:26:00.0", subsystem: "1851", class: "0302", vfs: 32, framebufferMiB: 49152 },
  "NVIDIA RTX A6000": {
    slot: "0000:61:00.0",
    subsystem: "1459",
    class: "0300",
    vfs: 32,
    framebufferMiB: 49152,
  },
  "NVIDIA A100 PCIe": {
    slot: "0000:17:00.0",
    subsystem: "145f",
    class: "0302",
    vfs: 32,
    framebufferMiB: 40960,
  },
} as const satisfies Record<string, Figures>;

/** A board of which the lab has the figures. */
export type LabBoard = keyof typeof figures;

/** Every board the lab can put into a slot. */
export const labBoards = Object.keys(figures) as LabBoard[];

const boardsOfKind: Readonly<Record<LabKind, readonly LabBoard[]>> = {
  turing: ["Tesla T4"],
  ampere: ["NVIDIA A40"],
  ada: ["NVIDIA L40S"],
  display: ["NVIDIA RTX A6000"],
  mig: ["NVIDIA A100 PCIe"],
  mtty: [],
  guest: [],
};

/** The vGPU of the machine that plays a guest. */
export const labGuest = { slot: "0000:06:00.0", type: "A40-8Q", board: "NVIDIA A40" } as const;

/** The PCI address of a kind's GPU; undefined where it has none of its own. */
export function gpuOf(kind: LabKind): string | undefined {
  const [board] = boardsOfKind[kind];
  return board === undefined ? undefined : figures[board].slot;
}

/** The text that says which cards a machine of the kind has. Form: vendor/driver/README.md. */
export function cardsText(kind: LabKind): string {
  if (kind === "guest") return guestCard(labGuest);
  const lines = boardsOfKind[kind].map((name) => cardLine(name));
  return lines.length > 0 ? lines.join("") : "# no card\n";
}

/** A line of the cards text: the board, in the slot of the kind that has it or in another one. */
export function cardLine(name: LabBoard, slot: string = figures[name].slot): string {
  const figure: Figures = figures[name];
  const board = catalogBoard(name);
  const words = [
    `slot=${slot}`,
    `device=${digits(board.deviceId)}`,
    `subsystem=${figure.subsystem}`,
    `class=${figure.class}`,
    `framebuffer=${figure.framebufferMiB}`,
    ...(figure.vfs > 0 ? [`vfs=${figure.vfs}`] : []),
    ...(figure.legacy === true ? ["legacy=1"] : []),
    ...(board.displayModeTool === undefined ? [] : displayWords(board)),
    ...(board.mig === true ? ["mig=1"] : []),
  ];
  return `${words.join(" ")} name=${name}\n`;
}

function displayWords(board: Board): string[] {
  const mode = board.factoryDisplayMode === "display-enabled" ? "enabled" : "off";
  return [`display=${mode}`, `tool=${board.displayModeTool}`];
}

/** A guest sees the board's device id, and of the memory what its type leaves it. The subsystem id is ours. */
function guestCard(guest: typeof labGuest): string {
  const type = findVgpuType(guest.type);
  if (type?.vgpuTypeId === undefined) throw new Error(`the catalog has no number for the type ${guest.type}`);
  const words = [
    `slot=${guest.slot}`,
    `device=${digits(catalogBoard(guest.board).deviceId)}`,
    `subsystem=${type.vgpuTypeId.toString(16).padStart(4, "0")}`,
    "class=0300",
    `framebuffer=${guestFramebufferMiB(type)}`,
    `guest=${type.vgpuTypeId}`,
  ];
  return `${words.join(" ")} name=${type.name}\n`;
}

/** The catalog's row of a board the lab knows. @throws Error where the catalog lost it */
export function catalogBoard(name: LabBoard): Board {
  const rows = boards().filter((board) => board.name === name);
  const subsystemId = `10de:${figures[name].subsystem}`;
  const board = rows[0] && findBoard({ deviceId: rows[0].deviceId, subsystemId });
  if (board === null || board === undefined) throw new Error(`the catalog has no board ${name}`);
  return board;
}

/** Framebuffer and VFs of a board the lab knows. */
export function boardFigures(name: LabBoard): Readonly<Figures> {
  return figures[name];
}

/** What a guest sees of a type's framebuffer. Where the catalog does not say: about 93 %, unsourced. */
export function guestFramebufferMiB(type: VgpuType): number {
  return type.guestFramebufferMiB ?? Math.floor(type.framebufferMiB * 0.93);
}

/** `"10de:2235"` without its vendor. */
export function digits(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}
