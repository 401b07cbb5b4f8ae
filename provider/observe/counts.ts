import { startOf } from "../model/errors.js";
import { countOf, type FactLines } from "../model/fact-lines.js";
import type { UnreadPart } from "../model/facts.js";

/** Where the kernel's lines have a count: the tag, the field of its device, its own, and what it is called in /sys. */
const counts = [
  { tag: "gpu", of: 0, at: 4, name: "sriov_totalvfs" },
  { tag: "mdev-type", of: 1, at: 3, name: "available_instances" },
  { tag: "parent-type", of: 1, at: 4, name: "available_instances" },
] as const;

/** Returns what the kernel said in place of a count: it is not known then, and no 0. One that it does not have is empty. */
export function unreadCounts(lines: FactLines): UnreadPart[] {
  return counts.flatMap(({ tag, of, at, name }) =>
    lines
      .all(tag)
      .filter((fields) => (fields[at] ?? "") !== "" && countOf(fields[at]) === null)
      .slice(0, 1)
      .map((fields) => ({
        part: "devices" as const,
        saw: `${name} of ${startOf(fields[of] ?? "", 60)} is "${startOf(fields[at] ?? "", 40)}", which is no number`,
      })),
  );
}
