import { type Board, boards, findBoard } from "../../../provider/catalog/boards.js";
import { typesOfBoard } from "../../../provider/catalog/types.js";

/** A vGPU type as the driver on a simulated host knows it. */
export interface SimulatedType {
  readonly id: number;
  /** `"NVIDIA A40-8Q"` */
  readonly name: string;
  readonly series: string;
  readonly vgpuClass: string;
  readonly framebufferMiB: number;
  readonly guestFramebufferMiB: number;
  readonly maxInstances: number;
  readonly heads: number;
  readonly maxResolution: string;
  readonly frameRateLimit: number;
  readonly licenses: readonly string[];
}

/** A board that a simulated host can carry. */
export interface SimulatedBoard {
  readonly name: string;
  /** Four hexadecimal digits. */
  readonly deviceId: string;
  readonly subsystemId: string;
  readonly classCode: string;
  readonly architecture: string;
  readonly brand: string;
  /** What its SR-IOV capability shows. */
  readonly totalVfs: number;
  /** Its vGPUs are made on the GPU itself, and no function ever appears, whatever its capability shows. */
  readonly legacy: boolean;
  readonly framebufferMiB: number;
  readonly bar1MiB: number;
  readonly types: readonly SimulatedType[];
}

interface BoardFigures {
  readonly subsystemId: string;
  readonly classCode: string;
  readonly brand: string;
  readonly totalVfs: number;
  readonly legacy?: true;
  readonly framebufferMiB: number;
  readonly bar1MiB: number;
}

/**
 * What the catalog does not hold. VF counts: captures (A2 16, A40 32, RTX PRO 6000 48), field reports (T4 16, of which none
 * appears); L40S: as the A40's, assumed.
 */
const figures: Record<string, BoardFigures> = {
  "Tesla T4": {
    subsystemId: "12a2",
    classCode: "030200",
    brand: "Tesla",
    totalVfs: 16,
    legacy: true,
    framebufferMiB: 16384,
    bar1MiB: 256,
  },
  "NVIDIA A2": {
    subsystemId: "157e",
    classCode: "030200",
    brand: "NVIDIA",
    totalVfs: 16,
    framebufferMiB: 16384,
    bar1MiB: 16384,
  },
  "NVIDIA A40": {
    subsystemId: "145a",
    classCode: "030200",
    brand: "NVIDIA",
    totalVfs: 32,
    framebufferMiB: 49152,
    bar1MiB: 65536,
  },
  "NVIDIA L40S": {
    subsystemId: "1851",
    classCode: "030200",
    brand: "NVIDIA",
    totalVfs: 32,
    framebufferMiB: 49152,
    bar1MiB: 65536,
  },
  "NVIDIA RTX PRO 6000 Blackwell Server Edition": {
    subsystemId: "204e",
    classCode: "030200",
    brand: "NVIDIA",
    totalVfs: 48,
    framebufferMiB: 98304,
    bar1MiB: 131072,
  },
  "NVIDIA RTX A6000": {
    subsystemId: "1459",
    classCode: "030000",
    brand: "NVIDIA RTX",
    totalVfs: 32,
    framebufferMiB: 49152,
    bar1MiB: 65536,
  },
};

const classOfSeries: Record<string, string> = { A: "NVS", B: "NVS", C: "Compute", Q: "Quadro" };
const cache = new Map<string, SimulatedBoard>();

/** Returns a board by its catalog name. @throws Error for a board that has no figures here */
export function simulatedBoard(name: string): SimulatedBoard {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const figure = figures[name];
  if (figure === undefined) throw new Error(`no simulated board is called ${name}`);
  const deviceIds = boards()
    .filter((row) => row.name === name)
    .map((row) => row.deviceId);
  const row = findBoard({ deviceId: deviceIds[0] ?? "", subsystemId: `10de:${figure.subsystemId}` });
  if (row === null) throw new Error(`the catalog has no board ${name}`);
  const { deviceId, architecture } = row;
  const board = {
    legacy: false,
    ...figure,
    name,
    deviceId: deviceId.slice(5),
    architecture,
    types: typesOf(row, figure),
  };
  cache.set(name, board);
  return board;
}

function typesOf(board: Board, figure: BoardFigures): SimulatedType[] {
  const types: SimulatedType[] = [];
  for (const row of typesOfBoard(board)) {
    if (row.vgpuTypeId === undefined || row.name === undefined || row.migBacked) continue;
    const { framebufferMiB, series } = row;
    const fits = Math.floor(figure.framebufferMiB / framebufferMiB);
    types.push({
      id: row.vgpuTypeId,
      name: row.name,
      series,
      vgpuClass: row.vgpuClass ?? classOfSeries[series] ?? "Quadro",
      framebufferMiB,
      guestFramebufferMiB: row.guestFramebufferMiB ?? Math.floor(framebufferMiB * 0.93),
      maxInstances: row.maxInstancesPerGpu ?? Math.min(fits, figure.legacy ? fits : figure.totalVfs, 32),
      heads: row.maxHeads ?? (series === "Q" || series === "B" ? 4 : 1),
      maxResolution: resolutionOf(series, row.maxResolution),
      frameRateLimit: row.frameRateLimit ?? (series === "B" ? 45 : 60),
      licenses: row.licenses ?? [],
    });
  }
  return types.sort((a, b) => a.id - b.id);
}

/** C types have 2400 lines from release 15 on; the catalog's figure is older. Source: types.md, the A2 capture */
function resolutionOf(series: string, known: string | undefined): string {
  if (series === "C") return "4096x2400";
  return known ?? (series === "A" ? "1280x1024" : "7680x4320");
}
