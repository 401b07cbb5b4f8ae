import { endOf, isVgpuError, startOf, VgpuError } from "../model/errors.js";
import type { FactLines } from "../model/fact-lines.js";
import { withoutCommands } from "../model/shown.js";

/** More lines than a host with 500 VMs has, and longer ones than its longest: beyond it is no answer but an attack. */
const mostLines = 40_000;
const longestLine = 128 * 1024;
/** What is looked up for each of these lines takes time by the number of all others. */
const mostWithTag = new Map([
  ["gpu", 256],
  ["guest-gpu", 256],
  ["mdev-parent", 1024],
]);

/**
 * Returns the facts in `output`, lines of tab-separated fields whose first is a tag.
 * @throws VGPU_PROTOCOL when no line is `end <what>`, which is printed last: half an answer is never read as absence; and
 * when there are more or longer lines than any machine has
 */
export function parseFactLines(output: string, what: string, where: string): FactLines {
  const byTag = new Map<string, string[][]>();
  const lines = output.split("\n");
  const refuse = (saw: string) => tooMuch({ what, where, saw });
  if (lines.length > mostLines) throw refuse(`${lines.length} lines, ${mostLines} are the most`);
  for (const line of lines) {
    if (line === "") continue;
    if (line.length > longestLine)
      throw refuse(
        `a line of ${line.length} characters, which begins with ${JSON.stringify(startOf(line, 80))}`,
      );
    // What is stored of it is shown by Pulumi. Records are what they are: names that programs gave are compared with them.
    const kept = line.startsWith("manifest\t") ? line : withoutCommands(line);
    const [tag = "", ...fields] = kept.split("\t");
    const sameTag = byTag.get(tag) ?? [];
    if (sameTag.length === 0) byTag.set(tag, sameTag);
    sameTag.push(fields);
    if (sameTag.length > (mostWithTag.get(tag) ?? mostLines))
      throw refuse(`more than ${sameTag.length - 1} ${tag}s`);
  }
  if (byTag.get("end")?.[0]?.[0] !== what) {
    throw new VgpuError({
      code: "VGPU_PROTOCOL",
      where,
      what: `cannot observe the ${what}`,
      saw: `${output.length} characters that end with ${JSON.stringify(endOf(output, 80))}`,
      expected: `fact lines that end with "end ${what}"`,
      next: "run again; if it stays, look at the machine's login shell and its /bin/sh",
    });
  }
  return {
    one: (tag) => byTag.get(tag)?.[0]?.[0] ?? "",
    all: (tag) => byTag.get(tag) ?? [],
  };
}

/**
 * Returns what `parse` makes of a machine's answer. Whatever the answer does to it is a failure of that machine, and of no
 * other resource.
 * @throws VGPU_PROTOCOL in place of any error that is not ours
 */
export function understood<T>(what: string, where: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isVgpuError(error)) throw error;
    throw tooMuch({ what, where, saw: `an answer on which reading fails: ${String(error)}` });
  }
}

function tooMuch(seen: { readonly what: string; readonly where: string; readonly saw: string }): VgpuError {
  return new VgpuError({
    code: "VGPU_PROTOCOL",
    where: seen.where,
    what: `cannot observe the ${seen.what}`,
    saw: `${seen.saw} (observe-${seen.what})`,
    expected: "an answer of the form and the size that a machine gives",
    next: "look on the machine for what prints it: /sys, /etc/pulumi-vgpu, nvidia-smi, mdevctl; then run again",
  });
}
