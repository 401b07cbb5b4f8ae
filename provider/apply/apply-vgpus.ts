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
 * @throws VGPU_STEP_FAILED with what the kernel said; VGPU_IN_USE when a VM came to use a vGPU after it was looked at
 */
export async function applyVgpuSteps(steps: readonly SingleVgpuStep[], machine: Machine): Promise<void> {
  const stdin = steps.map(operationLine).join("");
  const script = { name: "vgpus", text: changingScript("vgpus", machine.side) };
  const result = await machine.session.change({ script, stdin, deadlineMs: 120_000 });
  const last = result.stdout.trim().split("\n").at(-1)?.split("\t") ?? [];
  const finished = result.stdout.split("\n").filter((line) => line.startsWith("done\t")).length;
  if (result.code === 0 && finished === steps.length) return;
  const failed = steps[finished];
  const said = last[3] || result.stderr || `${finished} of ${steps.length} operations reported`;
  const error = await stepError(machine, { name: failed?.kind ?? "vgpus", code: result.code, said });
  if (failed === undefined) throw error;
  const { vgpu } = failed;
  throw new VgpuError({
    ...error.parts,
    ...(said.includes(heldWords) ? inUse(said) : {}),
    where: `${machine.label.split(" ")[0]} ${vgpu.carrier} ${vgpu.name}`,
    what: `${failed.kind} of ${vgpu.typeName} on ${vgpu.parent} failed`,
    now: `${finished} of ${steps.length} operations of this change are done; the next run goes on from there`,
  });
}

/** How functions.sh begins to say that a process uses a vGPU; the process is named before it. */
const heldWords = "has it open";

function inUse(said: string): Partial<ErrorParts> {
  return {
    code: "VGPU_IN_USE",
    saw: said.trim(),
    expected: "no VM uses a vGPU that is changed or removed",
    next: "shut that VM down, run again",
  };
}

function operationLine(step: SingleVgpuStep): string {
  const { vgpu } = step;
  const verb = step.kind.slice(0, step.kind.indexOf("-"));
  const number = vgpu.vgpuTypeId === null ? "" : String(vgpu.vgpuTypeId);
  // A parent that is not NVIDIA's carries its mdevs itself: there is no GPU to note beside it.
  const gpu = vgpu.vgpuInterface === "mdev-on-parent" ? "" : vgpu.carrier;
  const fields = [verb, vgpu.uuid, vgpu.vgpuInterface, gpu, vgpu.parent, vgpu.typeName];
  const all = [...fields, number, vgpu.owner, vgpu.name, vgpu.keep ? "yes" : "no"];
  // The shell's read joins neighbouring tabs: an empty field needs a sign of its own.
  return `${all.map((field) => field || "-").join("\t")}\n`;
}
