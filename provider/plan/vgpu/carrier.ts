import { type Board, findBoard } from "../../catalog/boards.js";
import { findVgpuType, isTypeOfBoard } from "../../catalog/types.js";
import type { GpuFacts, HostFacts, MdevParentFacts } from "../../model/facts.js";
import { parseVgpuTypeName, shortTypeName } from "../../model/vgpu-type.js";
import type { DesiredVgpu } from "../desired.js";

/** What carries vGPUs: an NVIDIA GPU with its functions, or the parent of mdevs of another driver. */
export type Carrier = GpuFacts | MdevParentFacts;

/** Whether it is an NVIDIA GPU: only those have a catalog, framebuffer sizes and functions. */
export function isGpu(carrier: Carrier): carrier is GpuFacts {
  return carrier.vgpuInterface !== "mdev-on-parent";
}

/** Returns the PCI address of a GPU, the name of another parent: what programs and records call it by. */
export function carrierName(carrier: Carrier): string {
  return isGpu(carrier) ? carrier.address : carrier.name;
}

/** Returns everything in the host that carries vGPUs. */
export function carriersOf(facts: HostFacts): readonly Carrier[] {
  return [...facts.gpus, ...facts.mdevParents];
}

/** Returns what a vGPU is declared on, `undefined` when it is not in the host. */
export function carrierOf(
  vgpu: Pick<DesiredVgpu, "carrierKind" | "carrier">,
  facts: HostFacts,
): Carrier | undefined {
  const candidates: readonly Carrier[] = vgpu.carrierKind === "gpu" ? facts.gpus : facts.mdevParents;
  return candidates.find((candidate) => carrierName(candidate) === vgpu.carrier);
}

/** Returns the last word of a type's name, upper case, which is what tells types of one carrier apart. */
export function typeKey(name: string): string {
  return shortTypeName(name).toUpperCase();
}

/** Returns the name that the carrier itself gives a declared type; `null` when it does not offer it. */
export function fullTypeName(declared: string, carrier: Carrier): string | null {
  if (isGpu(carrier)) return nvidiaTypeName(declared, carrier);
  return carrier.types.find(({ mdevType }) => mdevType === declared)?.mdevType ?? null;
}

/**
 * A list that shrank because of other vGPUs on the GPU does not hide a type that the catalog has for this board. A type
 * of which neither the host nor the catalog says that this GPU has it is none: nothing may be retired for it.
 */
function nvidiaTypeName(declared: string, gpu: GpuFacts): string | null {
  const key = typeKey(declared);
  const offered = gpu.offeredTypes.find((type) => typeKey(type.name) === key);
  const isName = parseVgpuTypeName(declared) !== null || offered?.name === declared;
  if (offered !== undefined) return isName ? offered.name : null;
  if (!isName || gpu.allTypesKnown) return null;
  const board = findBoard(gpu);
  const type = findVgpuType(declared);
  if (board === null || type === null || !isTypeOfBoard(type, board)) return null;
  return type.name ?? fullNameBy(board, type.shortName);
}

/** Returns a type's name as the host has it, where the catalog knows how all names of the board begin. */
function fullNameBy({ typeFamilies = [] }: Board, shortName: string): string | null {
  const family = typeFamilies.find((name) => typeKey(shortName).startsWith(`${typeKey(name)}-`));
  return family === undefined ? null : `${family}${shortName.slice(shortTypeName(family).length)}`;
}
