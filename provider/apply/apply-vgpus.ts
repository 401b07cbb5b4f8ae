import { type ErrorParts, VgpuError } from "../model/errors.js";
import type { Step, VgpuStep } from "../plan/steps.js";
import { changingScript, type Machine, stepError } from "./machine.js";

/** A step that acts on one vGPU. */
export type SingleVgpuStep = Extract<Step, VgpuStep>;

/** Whether a step acts on one vGPU; these run together, in one round trip. */
export function isVgpuStep(step: Step): step is SingleVgpuStep {
  return "vgpu" in step;
}

/**
 * Runs the steps of one plan in order, in one round trip, and stops at the first that fails.
 * @throws VGPU_STEP_FAILED with what the kernel said; VGPU_IN_USE when a VM came to use a vGPU after it was looked at;
 * VGPU_FOREIGN when somebody made one where ours was to be made
 */
export async function applyVgpuSteps(steps: readonly SingleVgpuStep[], machine: Machine): Promise<void> {
  const stdin = operationList(steps);
  const script = { name: "vgpus", text: changingScript("vgpus", machine.side) };
  const result = await machine.session.change({ script, stdin, deadlineMs: 120_000 + 5_000 * steps.length });
  const lines = result.stdout.split("\n").filter((line) => line !== "");
  const last = lines.at(-1)?.split("\t") ?? [];
  const finished = steps.filter((step, index) => lines[index] === outcomeOf(step)).length;
  if (result.code === 0 && finished === steps.length) return;
  const failed = steps[finished];
  const said = last[3] || result.stderr || `${finished} of ${steps.length} operations reported`;
  const error = await stepError(machine, { name: failed?.kind ?? "vgpus", code: result.code, said });
  if (failed === undefined) throw error;
  const { vgpu } = failed;
  const failure = new VgpuError({
    ...error.parts,
    ...(last[0] === "changed" ? cameSince(said) : said.includes(heldWords) ? inUse(said) : {}),
    where: `${machine.label.split(" ")[0]} ${vgpu.carrier} ${vgpu.name}`,
    what: `${failed.kind} of ${vgpu.typeName} on ${vgpu.parent} failed`,
    now: `${finished} of ${steps.length} operations of this change are done; the next run goes on from there`,
  });
  failedSteps.set(failure, failed);
  throw failure;
}

const failedSteps = new WeakMap<object, SingleVgpuStep>();

/** Returns the step at which `applyVgpuSteps` stopped with this error; `undefined` where that is not known. */
export function failedStep(error: VgpuError): SingleVgpuStep | undefined {
  return failedSteps.get(error);
}

/** How held.sh begins to say that a process uses a vGPU; the process is named before it. */
const heldWords = "has it open";

function inUse(said: string): Partial<ErrorParts> {
  return {
    code: "VGPU_IN_USE",
    saw: said.trim(),
    expected: "no VM uses a vGPU that is changed or removed",
    next: "shut that VM down, run again",
  };
}

function cameSince(said: string): Partial<ErrorParts> {
  return {
    code: "VGPU_FOREIGN",
    saw: `${said.trim()} (looked at just before it would have been made)`,
    expected:
      "nothing there, as when the host was looked at, or what an earlier run had noted before it made it",
    next: "run again: what is there now is judged then; it is left as it is",
  };
}

/** What the script says of a step that it has done. */
function outcomeOf(step: SingleVgpuStep): string {
  return `done\t${verbOf(step)}\t${step.vgpu.uuid}\t`;
}

function verbOf({ kind }: SingleVgpuStep): string {
  return kind.slice(0, kind.indexOf("-"));
}

/**
 * Returns the list that vgpus.sh takes: how many operations, then one a line.
 * @throws VGPU_INPUT when a value is more than one field: a line end in a name would be an operation of its own
 */
export function operationList(steps: readonly SingleVgpuStep[]): string {
  return `operations\t${steps.length}\n${steps.map(operationLine).join("")}`;
}

function operationLine(step: SingleVgpuStep): string {
  const { vgpu } = step;
  const number = vgpu.vgpuTypeId === null ? "" : String(vgpu.vgpuTypeId);
  // A parent that is not NVIDIA's carries its mdevs itself: there is no GPU to note beside it.
  const gpu = vgpu.vgpuInterface === "mdev-on-parent" ? "" : vgpu.carrier;
  const forgotten = step.kind === "forget-vgpu";
  const place = [verbOf(step), vgpu.uuid, vgpu.vgpuInterface, ...(forgotten ? ["", ""] : [gpu, vgpu.parent])];
  const noted = [vgpu.typeName, number, vgpu.owner, vgpu.name, vgpu.keep ? "yes" : "no"];
  // What goes is known by its place and its type's number, what is forgotten by its UUID: the words of a record that somebody
  // bent are not sent back.
  const isMade = step.kind === "make-vgpu" || step.kind === "record-vgpu";
  const seen = step.kind === "retire-vgpu" ? number : "";
  const all = [...place, ...(isMade ? noted : ["", seen, "", "", "no"])];
  const bent = all.find((field) => /[\p{Cc}\p{Zl}\p{Zp}]/u.test(field));
  if (bent !== undefined) throw bentValue(step, bent);
  // The shell joins neighbouring tabs: an empty field needs a sign of its own.
  return `${all.map((field) => field || "-").join("\t")}\n`;
}

function bentValue({ kind, target }: SingleVgpuStep, value: string): VgpuError {
  return new VgpuError({
    code: "VGPU_INPUT",
    where: JSON.stringify(target).slice(1, -1),
    what: `${kind} is not sent to the host: a value of it is more than one line`,
    saw: JSON.stringify(value),
    expected: "a name, owner and type without line ends, tabs and other control characters",
    next: "correct it in the program",
  });
}
