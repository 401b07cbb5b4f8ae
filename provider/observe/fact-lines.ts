import { VgpuError } from "../model/errors.js";

/** The lines that an observing script printed, by tag; each line is its fields. */
export interface FactLines {
  /** The first field of the first line with this tag, `""` when there is none. */
  one(tag: string): string;
  /** The fields of every line with this tag, in order. */
  all(tag: string): readonly (readonly string[])[];
}

/**
 * Returns the facts in `output`, lines of tab-separated fields whose first is a tag.
 * @throws VGPU_PROTOCOL when no line is `end <what>`, which is printed last: half an answer is never read as absence
 */
export function parseFactLines(output: string, what: string, where: string): FactLines {
  const byTag = new Map<string, string[][]>();
  for (const line of output.split("\n")) {
    if (line === "") continue;
    const [tag = "", ...fields] = line.split("\t");
    const lines = byTag.get(tag);
    if (lines === undefined) byTag.set(tag, [fields]);
    else lines.push(fields);
  }
  if (byTag.get("end")?.[0]?.[0] !== what) {
    throw new VgpuError({
      code: "VGPU_PROTOCOL",
      where,
      what: `cannot observe the ${what}`,
      saw: `${output.length} characters that end with ${JSON.stringify(output.slice(-80))}`,
      expected: `fact lines that end with "end ${what}"`,
      next: "run again; if it stays, look at the machine's login shell and its /bin/sh",
    });
  }
  return {
    one: (tag) => byTag.get(tag)?.[0]?.[0] ?? "",
    all: (tag) => byTag.get(tag) ?? [],
  };
}
