import { availableParallelism } from "node:os";
import { applyVgpuSteps, failedStep } from "../apply/apply-vgpus.js";
import { isVgpuError, type VgpuError } from "../model/errors.js";
import type { HostFacts } from "../model/facts.js";
import type { Plan } from "../plan/steps.js";
import { jointSteps } from "../plan/vgpu/joint-steps.js";
import { withLock, writerOf } from "../transport/lock.js";
import { lockRequest } from "./converge-machine.js";
import { parallelOfRun } from "./engine-call.js";
import { engineQuietMs, nextCall, openCalls } from "./engine-load.js";
import { expectNoMore, isAnyExpectedOn, isExpected, type VgpuName, waitLeft } from "./expected-vgpus.js";
import type { MachineView } from "./machine-view.js";
import { type Teller, teller } from "./tell.js";

/** A call of the engine that changes one vGPU. */
export interface VgpuCall {
  /** The vGPU's host and name, for messages. */
  readonly label: string;
  readonly owner: string;
  /** The host's name in the program. */
  readonly host: string;
  readonly journals: readonly string[];
  /** What it comes to on these facts, as far as it may come to anything. */
  readonly plan: (facts: HostFacts) => Plan;
  /** The declared vGPUs of its host that this run may be about. */
  readonly vgpus: readonly VgpuName[];
  /** It takes the vGPU away: no program declares what else goes. */
  readonly isRemoval: boolean;
}

interface Waiting extends VgpuCall {
  readonly say: Teller;
}

const waiting = new WeakMap<object, Set<Waiting>>();

/**
 * Runs `work` in the turn of this call, under the host's lock. Whoever comes first does for all who wait for the same host
 * what their plans come to, in one go, and looks once: the others find theirs done. Each still plans and reads back
 * itself, so that what was not done, or failed, is done or told in its own turn.
 */
export async function inHostTurn<T>(
  view: MachineView<HostFacts>,
  call: VgpuCall,
  work: (before: HostFacts) => Promise<T>,
): Promise<T> {
  const own = { ...call, say: teller(call.label) };
  const calls = callsFor(view);
  calls.add(own);
  try {
    const request = { ...lockRequest(call.owner, call.label), keptFor: () => noneComes(call) };
    return await withLock(view.session, request, async () => {
      if (calls.has(own)) await doTogether(view, calls);
      return work(await view.current());
    });
  } finally {
    calls.delete(own);
  }
}

function callsFor({ session }: MachineView<HostFacts>): Set<Waiting> {
  const writer = writerOf(session);
  const calls = waiting.get(writer) ?? new Set();
  waiting.set(writer, calls);
  return calls;
}

/** How many changes the engine makes at once where its command line does not say. */
const usualParallel = 4 * availableParallelism();

/** Waits until all have come that can come before this turn has ended; who did not come in time is not waited for again. */
async function allCome(calls: ReadonlySet<Waiting>): Promise<void> {
  const began = performance.now();
  const atOnce = parallelOfRun() ?? usualParallel;
  const inFlight = () => Math.max(calls.size, openCalls("operations"));
  // One that is replaced is taken away first, and made by a call that comes after.
  const came = ({ host, name }: VgpuName) => [...calls].some(({ label }) => label === `${host} ${name}`);
  const all = () => [...calls].flatMap(({ vgpus }) => vgpus);
  const expected = () => all().filter((vgpu) => isExpected(vgpu) && !came(vgpu));
  for (;;) {
    const left = waitLeft({
      ...{ expected: expected().length, inFlight: inFlight(), atOnce, openChecks: openCalls("checks") },
      ...{ quietMs: engineQuietMs(), waitedMs: performance.now() - began },
    });
    if (left <= 0) break;
    await nextCall(left);
  }
  if (inFlight() < atOnce) expected().forEach(expectNoMore);
}

/** How long a host's lock is kept after its last change, for those of its vGPUs that the engine is still to ask for. */
const keptAfter = { quietMs: 500, mostMs: 10_000 };

/** Ends when nothing more of this host is expected, or the engine asks for nothing: what was seen under the lock still holds. */
async function noneComes({ owner, host, vgpus, isRemoval }: VgpuCall): Promise<void> {
  const began = performance.now();
  const mayCome = () => isRemoval || vgpus.some(isExpected) || isAnyExpectedOn({ owner, host });
  const isQuiet = () => openCalls("operations") === 0 && engineQuietMs() >= keptAfter.quietMs;
  for (;;) {
    const left = keptAfter.mostMs - (performance.now() - began);
    if (!mayCome() || isQuiet() || left <= 0) return;
    await nextCall(Math.min(left, keptAfter.quietMs));
  }
}

async function doTogether(view: MachineView<HostFacts>, calls: Set<Waiting>): Promise<void> {
  const facts = await view.current();
  await allCome(calls);
  const all = [...calls];
  calls.clear();
  const [first] = all;
  if (first === undefined || all.length === 1) return;
  const planned = all.map((call) => ({ call, plan: call.plan(facts) }));
  const steps = jointSteps(planned.map(({ plan }) => plan));
  if (steps.length < 2) return;
  for (const { say } of all)
    say(`${steps.length} steps on vGPUs of one host are done together`, { passing: true });
  const { label, journals } = first;
  const progress = (text: string) => first.say(text, { passing: true });
  try {
    await applyVgpuSteps(steps, { session: view.session, side: "host", label, journals, progress });
    await view.observe();
  } catch (error) {
    // Each call does, or tells, its own part on what is seen then.
    view.forget();
    if (!isVgpuError(error)) throw error;
    const step = failedStep(error);
    const whose = planned.find(({ plan }) => plan.steps.some((one) => one === step))?.call;
    if (error.code === "VGPU_FOREIGN") whose?.say(foreignText(error), { severity: "WARNING" });
  }
}

/** What nobody would be told where the vGPU finds another place, or takes over what was made. */
function foreignText({ code, parts }: VgpuError): string {
  return `${code}: ${parts.what}: ${parts.saw}; what is there is left as it is, and this vGPU is planned for anew`;
}
