import type { Plan, Step } from "./steps.js";

/** A step on one vGPU. */
export type JointStep = Extract<Step, { readonly vgpu: unknown }>;

/**
 * Returns the steps of several vGPUs' plans, each made on the same facts, that can be done in one go: what goes first, then
 * what is made. A plan that is refused, that asks for anything but vGPUs, or that would take what an earlier one has, is left
 * out: its turn comes later, on facts of its own.
 */
export function jointSteps(plans: readonly Plan[]): JointStep[] {
  const joint = new Map<string, JointStep>();
  for (const plan of plans) {
    const steps = plan.steps.filter((step) => "vgpu" in step);
    if (plan.refusals.length > 0 || steps.length < plan.steps.length) continue;
    if (steps.some((step) => [...joint.values()].some((other) => excludes(step, other)))) continue;
    for (const step of steps) joint.set(`${step.kind} ${step.vgpu.uuid}`, step);
  }
  return [...joint.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

const order: readonly JointStep["kind"][] = ["forget-vgpu", "retire-vgpu", "record-vgpu", "make-vgpu"];

/** Whether two plans are at odds: one wants what the other takes away, or both want one function. */
function excludes(one: JointStep, other: JointStep): boolean {
  if (one.vgpu.uuid === other.vgpu.uuid) return one.kind !== other.kind;
  return isPlaced(one) && isPlaced(other) && one.vgpu.parent === other.vgpu.parent;
}

/** Whether a step puts a vGPU on a function that carries one alone. */
function isPlaced({ kind, vgpu }: JointStep): boolean {
  const alone = vgpu.vgpuInterface === "mdev-on-vf" || vgpu.vgpuInterface === "vendor-vfio";
  return alone && (kind === "make-vgpu" || kind === "record-vgpu");
}
