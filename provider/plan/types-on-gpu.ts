import { findBoard } from "../catalog/boards.js";
import { typesOfBoard } from "../catalog/types.js";
import type { GpuFacts } from "../model/facts.js";
import { typeKey } from "./carrier.js";

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
