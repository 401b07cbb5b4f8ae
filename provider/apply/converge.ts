import { isVgpuError, VgpuError } from "../model/errors.js";
import { type Plan, progressText, type Step, stepText } from "../plan/steps.js";
import { isPlanOutdated } from "../transport/lock/lock-failures.js";
import type { StepProgress } from "./step-progress.js";

const reconnectsPerStep = 3;

/** That a resource's one vGPU is made or taken away, the engine's own line says. */
const saidByEngine: ReadonlySet<Step["kind"]> = new Set(["make-vgpu", "retire-vgpu"]);

/** How one kind of machine is brought to what is declared. */
export interface Convergence<Facts> {
  readonly where: string;
  readonly plan: (facts: Facts) => Plan;
  /** Runs the first step of the list, or those of its head that belong together; returns how many it ran. */
  readonly apply: (steps: readonly Step[], facts: Facts) => Promise<number>;
  readonly observe: () => Promise<Facts>;
  readonly progress: StepProgress;
}

/**
 * Observes, plans and applies until the plan is empty, and returns the facts that say so: no success without reading back.
 * @throws VGPU_NO_EFFECT when a step ran and the machine asks for the same step again
 * @throws the plan's first refusal; nothing has been touched then, or `now` says what has
 */
export async function converge<Facts>(convergence: Convergence<Facts>, first: Facts): Promise<Facts> {
  let facts = first;
  const done: string[] = [];
  let lost = 0;
  for (;;) {
    const plan = convergence.plan(facts);
    const refusal = plan.refusals[0];
    if (refusal !== undefined)
      throw new VgpuError(done.length === 0 ? refusal : { ...refusal, now: doneText(done) });
    const step = plan.steps[0];
    if (step === undefined) return facts;
    const text = stepText(step);
    if (done.at(-1) === text || done.filter((before) => before === text).length > 1)
      throw noEffect(convergence.where, text, done);
    const total = done.length + plan.steps.length;
    if (total > 1 || !saidByEngine.has(step.kind))
      begin(convergence.progress, step, [done.length + 1, total]);
    const ran = await applyOrReconnect(convergence, plan.steps, facts);
    lost = "lost" in ran ? lost + 1 : 0;
    if ("lost" in ran && lost > reconnectsPerStep)
      throw isPlanOutdated(ran.lost) ? ran.lost : unstable(convergence.where, text, done);
    const finishedSteps = plan.steps.slice(0, "lost" in ran ? 0 : ran.steps);
    for (const [index, finished] of finishedSteps.entries()) {
      if (index > 0) begin(convergence.progress, finished, [done.length + 1, total]);
      done.push(stepText(finished));
    }
    facts = await convergence.observe();
  }
}

function begin(progress: StepProgress, step: Step, [number, total]: readonly [number, number]): void {
  const place = `step ${number} of ${total}: `;
  progress.begin(`${place}${step.kind}`, `${place}${progressText(step)}`);
}

/** What a step came to: how many steps ran, or why none can be said to have. */
type Ran = { readonly steps: number } | { readonly lost: VgpuError };

/** A connection lost in the middle of a step is no failure: what it did is read back. Nor is a step that did not begin. */
async function applyOrReconnect<Facts>(
  convergence: Convergence<Facts>,
  steps: readonly Step[],
  facts: Facts,
): Promise<Ran> {
  try {
    return { steps: await convergence.apply(steps, facts) };
  } catch (error) {
    if (!isVgpuError(error)) throw error;
    if (isPlanOutdated(error))
      convergence.progress.detail(
        "the lock of the machine had to be taken anew; looking again before anything is done",
      );
    else if (error.code === "VGPU_UNREACHABLE")
      convergence.progress.detail("the connection was lost; connecting again to see what was done");
    else throw error;
    return { lost: error };
  }
}

function doneText(done: readonly string[]): string {
  return `done so far: ${done.join("; ")}`;
}

function noEffect(where: string, text: string, done: readonly string[]): VgpuError {
  return new VgpuError({
    code: "VGPU_NO_EFFECT",
    where,
    what: "a step ran and the machine did not change",
    saw: `the machine still asks for: ${text}`,
    expected: "that the step's effect is read back",
    next: "look at the machine's journal for that step; run again when it is mended",
    now: doneText(done),
  });
}

function unstable(where: string, text: string, done: readonly string[]): VgpuError {
  return new VgpuError({
    code: "VGPU_UNREACHABLE",
    where,
    what: "the connection is lost again and again in the same step",
    saw: `${reconnectsPerStep + 1} times in: ${text}`,
    expected: "a connection that lasts for one command",
    next: "look at the network and at the machine's sshd, run again",
    now: done.length === 0 ? "nothing is known to be done" : doneText(done),
  });
}
