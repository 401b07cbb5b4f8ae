import { countOf, type FactLines } from "../model/fact-lines.js";
import type { MdevParentFacts, MdevType } from "../model/facts.js";
import { holdersByFile } from "./parse-holders.js";
import { mdevsOn } from "./parse-mdevs.js";

/** Returns the parents of mdevs that are no functions of NVIDIA GPUs, in the order of their names. */
export function parseMdevParents(lines: FactLines): MdevParentFacts[] {
  const holders = holdersByFile(lines);
  return lines
    .all("mdev-parent")
    .map(([name = ""]) => ({
      name,
      vgpuInterface: "mdev-on-parent" as const,
      types: typesOf(lines, name),
      vgpus: mdevsOn(lines, [name], holders).map(({ typeFolder, name: _name, ...mdev }) => ({
        ...mdev,
        vgpuTypeId: null,
        typeName: typeFolder || null,
      })),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function typesOf(lines: FactLines, parent: string): MdevType[] {
  return lines
    .all("parent-type")
    .filter((fields) => fields[0] === parent)
    .map(([, mdevType = "", name = "", deviceApi = "", available = "", description = ""]) => ({
      mdevType,
      name,
      description: description || null,
      deviceApi,
      availableInstances: countOf(available) ?? 0,
    }))
    .sort((a, b) => a.mdevType.localeCompare(b.mdevType));
}
