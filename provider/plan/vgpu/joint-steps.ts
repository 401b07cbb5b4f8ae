import type { Plan, Step } from "../steps.js";

/** A step on one vGPU. */
export type JointStep = Extract<Step, { readonly vgpu: unknown }>;

/**
 * Returns the steps of several vGPUs' plans, each made on the same facts, that can be done in one go: what goes first, then
 * what is made. A plan that is refused, that asks for anything but vGPUs, or that is at odds with an earlier one, is left
 * out: its turn comes later, on facts of its own.
 */
export function jointSteps(plans: readonly Plan[]): JointStep[] {
  const joint = new Map<string, JointStep>();
  for (const plan of plans) {
    const steps = plan.steps.filter((step) => "vgpu" in step);
    if (plan.refusals.length > 0 || steps.length < plan.steps.length) continue;
    if (areAtOdds([...joint.values()], steps)) continue;
    for (const step of steps) joint.set(`${step.kind} ${step.vgpu.uuid}`, step);
  }
  return [...joint.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

const order: readonly JointStep["kind"][] = ["forget-vgpu", "retire-vgpu", "record-vgpu", "make-vgpu"];

/** Whether one takes away what the other has or makes, or both want one function. */
function areAtOdds(one: readonly JointStep[], other: readonly JointStep[]): boolean {
  return takesWhatIsMade(one, other) || takesWhatIsMade(other, one) || shareFunction(one, other);
}

function takesWhatIsMade(taking: readonly JointStep[], making: readonly JointStep[]): boolean {
  const made = new Set(making.filter(isPut).map(({ vgpu }) => vgpu.uuid));
  const goesAnyway = new Set(making.filter((step) => !isPut(step)).map(({ vgpu }) => vgpu.uuid));
  return taking.some((step) => !isPut(step) && made.has(step.vgpu.uuid) && !goesAnyway.has(step.vgpu.uuid));
}

function shareFunction(one: readonly JointStep[], other: readonly JointStep[]): boolean {
  const functions = new Set(one.filter(isAlone).map(({ vgpu }) => vgpu.parent));
  return other.some((step) => isAlone(step) && functions.has(step.vgpu.parent));
}

function isPut({ kind }: JointStep): boolean {
  return kind === "make-vgpu" || kind === "record-vgpu";
}

/** Whether a step puts a vGPU on a function that carries one alone. */
function isAlone(step: JointStep): boolean {
  const { vgpuInterface } = step.vgpu;
  return isPut(step) && (vgpuInterface === "mdev-on-vf" || vgpuInterface === "vendor-vfio");
}
