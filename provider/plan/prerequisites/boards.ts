import { type Board, boards, findBoard, possibleBoards } from "../../catalog/boards.js";
import { branchOfRelease } from "../../catalog/releases.js";
import { sources } from "../../catalog/sources.js";
import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts } from "../../model/facts.js";
import type { DesiredDriver, DesiredHost } from "../desired.js";
import { driverMajor } from "./kernel-config.js";

/** Returns the refusals of boards that the declared release has left, or that cannot share its modules with the host's others. */
export function boardRefusals(desired: DesiredHost, gpus: readonly GpuFacts[]): ErrorParts[] {
  const { driver } = desired;
  if (driver === null) return [];
  const declared = gpus.filter((gpu) => gpu.address in desired.gpus);
  return [
    ...declared.flatMap((gpu) => leftBoard(desired.name, gpu, driver)),
    ...moduleKinds(desired.name, { gpus, declared }, driver),
  ];
}

/** The source of a board's last branch stands last in its row. */
function sourceText(board: Board): string {
  const code = board.sources.at(-1);
  return sources().find((source) => source.code === code)?.text ?? `catalog, ${code}`;
}

/** Of a make that the catalog does not have, what all boards of the device id have in common is known. */
function leftBoard(name: string, gpu: GpuFacts, driver: DesiredDriver): ErrorParts[] {
  const possible = possibleBoards(gpu);
  const [board] = possible;
  const last = board?.lastBranch;
  const branch = branchOfRelease(driver.release);
  if (board === undefined || last === undefined || branch === null || Number(branch) <= Number(last))
    return [];
  if (possible.some((other) => other.lastBranch !== last)) return [];
  const names = [...new Set(possible.map((other) => other.name))].join(" or ");
  return [
    {
      code: "VGPU_PREREQUISITE",
      where: `${name} ${gpu.address}`,
      what: `release ${driver.release} has no vGPU for a ${names}`,
      saw: `${gpu.deviceId} (${board.architecture}); its last branch is ${last} (${sourceText(board)})`,
      expected: `a release of branch ${last} or earlier`,
      next: `declare a release of branch ${last} or earlier, or leave this GPU out of gpus`,
      property: "driver.release",
    },
  ];
}

/** Which kind of kernel modules a board runs vGPU with. Source: nvidia-installer's list of boards, programs.md section 3 */
type ModuleKind = "proprietary" | "open";

const proprietary = new Set(["Maxwell", "Pascal", "Volta", "Turing", "Ampere"]);

/** Ids of the chips of V100, A100, A30 and A800, of which the list names all boards and the catalog has not all. */
const listedChips = /^10de:(1db|1df|20[b-f])/i;

/** By device id alone, as the installer judges it. What it does not list has the open kind, whatever board it is. */
function kindOf({ deviceId }: GpuFacts): ModuleKind | null {
  const board = boards().find((row) => row.deviceId === deviceId.toLowerCase());
  if (board === undefined) return listedChips.test(deviceId) ? null : "open";
  return proprietary.has(board.architecture) ? "proprietary" : "open";
}

/** One kind serves a host: the first GPU's in R550, from R560 the open one as soon as any board needs it. */
function installedKind(gpus: readonly GpuFacts[], major: number): ModuleKind | null {
  if (major < 550) return null;
  const kinds = gpus.map(kindOf);
  if (major < 560) return kinds[0] ?? null;
  if (kinds.includes("open")) return "open";
  return kinds.includes(null) ? null : "proprietary";
}

function moduleKinds(
  name: string,
  { gpus, declared }: { readonly gpus: readonly GpuFacts[]; readonly declared: readonly GpuFacts[] },
  driver: DesiredDriver,
): ErrorParts[] {
  const installed = installedKind(gpus, driverMajor(driver.version));
  const ignored = declared.filter((gpu) => (kindOf(gpu) ?? installed) !== installed);
  if (installed === null || ignored.length === 0) return [];
  const text = (kind: ModuleKind) =>
    gpus
      .filter((gpu) => kindOf(gpu) === kind)
      .map((gpu) => `${findBoard(gpu)?.name ?? gpu.deviceId} at ${gpu.address}`)
      .join(", ");
  return [
    {
      code: "VGPU_PREREQUISITE",
      where: name,
      what: `driver ${driver.version} cannot serve all declared GPUs: a host has one kind of kernel modules`,
      saw: `${text("proprietary")} with proprietary modules; ${text("open")} with open ones; ${installed} ones would be installed`,
      expected: `boards that share the ${installed} modules: the others would be ignored`,
      next: `leave ${ignored.map(({ address }) => address).join(", ")} out of gpus, or take the boards of one kind out of this host`,
      property: "gpus",
    },
  ];
}
