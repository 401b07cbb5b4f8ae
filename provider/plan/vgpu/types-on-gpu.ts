import { findBoard } from "../../catalog/boards.js";
import { nearestTypes } from "../../catalog/nearest-types.js";
import { findVgpuType, typesOfBoard } from "../../catalog/types.js";
import type { GpuFacts } from "../../model/facts.js";
import { typeKey } from "./carrier.js";

/**
 * Returns what is said, before the GPU can be asked, of a type that the catalog does not have for its board: it may be one of
 * a later driver, or mistyped. `null` where the catalog has it, or knows no types of the board.
 */
export function unknownTypeNotice(type: string, gpu: GpuFacts): string | null {
  const board = findBoard(gpu);
  const names = board === null ? [] : typesOfBoard(board).map(({ shortName }) => shortName);
  if (board === null || names.length === 0 || findVgpuType(type) !== null) return null;
  const near = nearestTypes(type, { names }).join(", ");
  return `the catalog has no type ${type}; of the ${board.name} at ${gpu.address} it has, among others, ${near}; the driver tells, once it is installed, whether it is one of its types`;
}

/**
 * Returns the short names of the types that a GPU is known to have: those that it offers, and, where that is not all, those
 * that the catalog has for its board. Empty where neither says any.
 */
export function typesOn(gpu: GpuFacts): readonly string[] {
  const offered = gpu.offeredTypes.map((type) => typeKey(type.name));
  if (gpu.allTypesKnown && offered.length > 0) return offered;
  const board = findBoard(gpu);
  const ofBoard = board === null ? [] : typesOfBoard(board).map(({ shortName }) => shortName);
  return [...offered, ...ofBoard.filter((name) => !offered.includes(typeKey(name)))];
}
