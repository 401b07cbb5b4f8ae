import { endOf, isVgpuError, startOf, VgpuError } from "../model/errors.js";
import { lastLines } from "../model/evidence.js";
import type { FactLines } from "../model/fact-lines.js";
import { withoutCommands } from "../model/shown.js";
import type { ExecResult } from "../transport/command/exec-request.js";

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
    throw halfAnswer({ what, where }, { code: 0, stdout: output, stderr: "" });
  }
  return {
    one: (tag) => byTag.get(tag)?.[0]?.[0] ?? "",
    all: (tag) => byTag.get(tag) ?? [],
  };
}

/** What one look at a machine is about. */
interface Looked {
  readonly what: string;
  readonly where: string;
}

/**
 * Returns what `parse` makes of what a machine printed. Whatever the answer does to it is a failure of that machine, and of no
 * other resource.
 * @throws VGPU_PROTOCOL in place of any error that is not ours, and when the look's script has not come to its end
 */
export function understood<T>(look: Looked, answer: ExecResult, parse: (printed: string) => T): T {
  const hasEnded = answer.stdout.split("\n").includes(`end\t${look.what}`);
  if (!hasEnded) throw halfAnswer(look, answer);
  try {
    return parse(answer.stdout);
  } catch (error) {
    if (isVgpuError(error)) throw error;
    throw tooMuch({ ...look, saw: `an answer on which reading fails: ${String(error)}` });
  }
}

function halfAnswer({ what, where }: Looked, { code, stdout, stderr }: ExecResult): VgpuError {
  const said = lastLines(stderr);
  const ended =
    code === 0 && said === "" ? "" : `exit code ${code}: ${said || "no output"} (observe-${what}); `;
  return new VgpuError({
    code: "VGPU_PROTOCOL",
    where,
    what: `cannot observe the ${what}`,
    saw: `${ended}${stdout.length} characters that end with ${JSON.stringify(endOf(stdout, 80))}`,
    expected: `fact lines that end with "end ${what}"`,
    next:
      said === ""
        ? "run again; if it stays, look at the machine's login shell and its /bin/sh"
        : "mend on the machine what its /bin/sh says there, then run again",
  });
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
