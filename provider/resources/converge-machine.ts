import { applyStep } from "../apply/apply-step.js";
import { applyVgpuSteps, isVgpuStep, type SingleVgpuStep } from "../apply/apply-vgpus.js";
import { converge } from "../apply/converge.js";
import { dropDamagedPackage } from "../apply/damaged-package.js";
import { stepProgress } from "../apply/step-progress.js";
import type { MachineFacts } from "../model/facts.js";
import type { RebootPolicy } from "../plan/desired.js";
import type { Plan, Step } from "../plan/steps.js";
import type { LockRequest } from "../transport/lock/machine-lock.js";
import type { MachineView } from "./machine-view.js";
import { teller } from "./tell.js";

/** What brings one machine to what a resource declares. */
export interface MachineConvergence<Facts extends MachineFacts> {
  readonly view: MachineView<Facts>;
  /** Resource name. */
  readonly label: string;
  readonly journals: readonly string[];
  readonly reboot: RebootPolicy;
  readonly claim: "host" | "guest";
  readonly plan: (facts: Facts) => Plan;
  readonly token?: string;
}

/** Returns who asks for a machine's lock: the owner for other runs, `label` before what the person is told of the wait. */
export function lockRequest(owner: string, label: string): LockRequest {
  return { who: owner, onWait: passing(label) };
}

/** Returns what shows the progress of the resource that the engine's present call is about. */
function passing(label: string): (text: string) => void {
  const say = teller(label);
  return (text) => say(text, { passing: true });
}

/** Runs a machine's plan to its end; the caller holds the machine's lock. Returns the facts that show it done. */
export async function convergeMachine<Facts extends MachineFacts>(
  task: MachineConvergence<Facts>,
  before: Facts,
): Promise<Facts> {
  const progress = stepProgress(passing(task.label));
  const machine = {
    session: task.view.session,
    side: task.claim,
    label: task.label,
    journals: task.journals,
    progress: progress.detail,
  };
  const apply = async (steps: readonly Step[], facts: Facts): Promise<number> => {
    const onVgpus = headOf(steps);
    if (onVgpus.length > 0) {
      await applyVgpuSteps(onVgpus, machine);
      return onVgpus.length;
    }
    const step = steps[0];
    if (step === undefined || isVgpuStep(step)) return 0;
    const context = {
      machine,
      bootId: facts.bootId,
      rebootDeadlineMs: task.reboot.deadlineMs,
    };
    await applyStep(step, task.token === undefined ? context : { ...context, token: task.token });
    return 1;
  };
  const { steps, refusals } = task.plan(before);
  const dropped = refusals.length === 0 && (await dropDamagedPackage(machine, steps));
  try {
    return await converge(
      { where: task.label, plan: task.plan, apply, observe: task.view.observe, progress },
      dropped ? await task.view.observe() : before,
    );
  } catch (error) {
    // Whoever comes next under this lock looks for himself: nobody knows what the step did.
    task.view.forget();
    throw error;
  } finally {
    progress.end();
  }
}

/** Returns the steps on vGPUs that the list begins with. */
function headOf(steps: readonly Step[]): SingleVgpuStep[] {
  const head: SingleVgpuStep[] = [];
  for (const step of steps) {
    if (!isVgpuStep(step)) break;
    head.push(step);
  }
  return head;
}
