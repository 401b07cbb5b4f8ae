// An MdevDevice owns one virtual GPU: an mdev on a PF, a VF or another driver's parent with its mdevctl definition, or
// the type of a vendor-specific VFIO function; and its record in our manifest, from which the boot unit makes it again.
// Id: its UUID, which on vendor-specific VFIO lives in the manifest only. A changed type is made in place: whichever
// vGPU of a GPU or parent is converged first retires the idle ones of ours that the program no longer wants as they are
// and that are in its way. Another GPU, parent, host or UUID replaces it. It never touches a vGPU that a VM holds, that the program protects, or that we did not make.
import { findBoard } from "../catalog/boards.js";
import type { Connection } from "../model/connection.js";
import type { ErrorParts } from "../model/errors.js";
import type { HostFacts } from "../model/facts.js";
import { checkGpuSet } from "../plan/declared/gpu-set.js";
import { isOnGpu } from "../plan/declared/program.js";
import { lostVgpuNotice, namelessLike } from "../plan/identity/lost-history.js";
import { knowsFormat } from "../plan/identity/record-format.js";
import { unclaimedHostRefusal } from "../plan/identity/vgpu-host.js";
import type { Plan, Step } from "../plan/steps.js";
import { planVgpu, vgpuDeferral } from "../plan/vgpu/plan-vgpu.js";
import { unknownTypeNotice } from "../plan/vgpu/types-on-gpu.js";
import type { MdevDeviceInputs } from "../schema/inputs.js";
import { mdevDeviceKeys } from "../schema/mdev-device.js";
import { checkDeclaredVgpu } from "./check-vgpu.js";
import { claimVgpu } from "./claims.js";
import { takeDeclared } from "./declared.js";
import { expectAgain, expectNoMore } from "./expected-vgpus.js";
import {
  type DiffTable,
  diffByTable,
  hasUnknown,
  type Lifecycle,
  type Properties,
  pick,
} from "./lifecycle.js";
import { rememberAcceptedKey } from "./machine-view.js";
import { isLeftOut } from "./other-machines.js";
import {
  asFailure,
  asFailures,
  isOffline,
  isOutOfReach,
  tellOnce,
  warnOffline,
  withExclude,
  withStoredConnection,
} from "./outcomes.js";
import { tell } from "./tell.js";
import { convergeVgpu, removeVgpu } from "./vgpu-change.js";
import { declarationOf, declaredBeside, requestOf, viewOf } from "./vgpu-request.js";
import { elsewhereText, liveVgpuInputs, movedAway, vgpuOutputs } from "./vgpu-state.js";

const table: DiffTable = {
  gpu: "replace",
  parent: "replace",
  uuid: "replace",
};
/** The lifecycle of an MdevDevice. */
export const mdevDevice: Lifecycle = {
  check: async (olds, news) => {
    expectAgain(news);
    const checked = await check(olds, news);
    if (checked.failures.length > 0) expectNoMore(news);
    return checked;
  },
  diff: async (id, olds, news) => {
    const found = await diff(id, olds, news);
    if (!found.changes) expectNoMore(news);
    return found;
  },
  create: async (inputs) => ({ id: String(inputs.uuid), outs: await convergeVgpu(inputs, {}) }),
  read,
  update: async (_id, olds, news) => {
    rememberAcceptedKey(olds.connection as Connection, olds.acceptedHostKey);
    return { outs: await convergeVgpu(news, olds) };
  },
  delete: removeVgpu,
};

async function check(olds: Properties, news: Properties) {
  const { inputs, program } = takeDeclared("MdevDevice", news);
  if (hasUnknown(inputs)) return { inputs, failures: [] };
  const checked = await checkDeclaredVgpu(inputs, program);
  if (checked.inputs === null) return { inputs, failures: [...checked.failures] };
  const failures = await preflight(checked.inputs, Object.keys(olds).length > 0);
  return { inputs: checked.inputs as Properties, failures };
}

/** Plans against the live host; while the host itself is still to be made ready there is nothing to plan against. */
async function preflight(inputs: MdevDeviceInputs, stored: boolean) {
  if (isOffline()) {
    warnOffline();
    return [];
  }
  try {
    const facts = await viewOf(inputs).facts();
    const claim = claimVgpu({ ...inputs, machineId: facts.machineId });
    if (claim !== null) return asFailures([claim]);
    const unclaimed = unclaimedByThisRun(inputs, facts);
    if (unclaimed !== null && !stored) return asFailures([unclaimed]);
    if (vgpuDeferral(declarationOf(inputs), facts) !== null) return boardFailures(inputs, facts);
    const plan = planVgpu(requestOf(inputs), facts);
    if (unclaimed !== null && plan.steps.length > 0) return asFailures([unclaimed]);
    tellRetired(inputs, plan.steps);
    if (stored) tellLost(inputs, facts, plan);
    return asFailures(plan.refusals);
  } catch (error) {
    return [asFailure(withExclude(error, { kind: "VgpuHost", name: inputs.host }), "connection")];
  }
}

/** Returns why nothing is made on the host: nobody manages it, and the run's targets leave out the VgpuHost that would. */
function unclaimedByThisRun(inputs: MdevDeviceInputs, facts: HostFacts): ErrorParts | null {
  const isLeft = isLeftOut({ kind: "VgpuHost", owner: inputs.owner, name: inputs.host });
  return isLeft ? unclaimedHostRefusal(requestOf(inputs).self, facts) : null;
}

/** What the board itself says against the declared set, while its driver cannot be asked yet. */
function boardFailures(inputs: MdevDeviceInputs, facts: HostFacts) {
  const { carrier } = declarationOf(inputs);
  const gpu = facts.gpus.find((candidate) => candidate.address === carrier);
  const board =
    gpu === undefined ? null : findBoard({ deviceId: gpu.deviceId, subsystemId: gpu.subsystemId });
  const notice = gpu === undefined ? null : unknownTypeNotice(declarationOf(inputs).type, gpu);
  if (notice !== null) tell(`${inputs.host} ${inputs.name}`, notice);
  const ruled = declaredBeside(inputs)
    .filter(isOnGpu)
    .filter(({ asItIs }) => asItIs !== true);
  return asFailures(checkGpuSet(ruled, board).map(({ parts }) => parts));
}

const told = new Set<string>();

/** Says once per GPU or parent which idle vGPUs have to go first: with `--target` they are not in the list of changes. */
function tellRetired(inputs: MdevDeviceInputs, steps: readonly Step[]): void {
  const others = steps.filter((step) => step.kind === "retire-vgpu" && step.vgpu.uuid !== inputs.uuid);
  const { carrier, type } = declarationOf(inputs);
  const key = `${inputs.host} ${carrier}`;
  if (others.length === 0 || told.has(key)) return;
  told.add(key);
  const names = others.map((step) => step.target.slice(inputs.host.length + 1)).join(", ");
  tell(key, `idle vGPUs that are in the way of ${inputs.name} (${type}) are retired first: ${names}`, {
    severity: "WARNING",
  });
}

/** Says of a vGPU that was ours that its record is gone. */
function tellLost(inputs: MdevDeviceInputs, facts: HostFacts, plan: Plan): void {
  const lost = lostVgpuNotice({ ...declarationOf(inputs), uuid: inputs.uuid }, facts, plan);
  if (lost !== null) tell(`${inputs.host} ${inputs.name}`, lost, { severity: "WARNING" });
}

async function diff(_id: string, olds: Properties, news: Properties) {
  rememberAcceptedKey(olds.connection as Connection, olds.acceptedHostKey);
  const [stored, declared] = [pick(olds, mdevDeviceKeys(olds)), pick(news, mdevDeviceKeys(news))];
  if (hasUnknown(news)) return diffByTable(table, stored, declared);
  if (isOffline()) return diffByTable(table, stored, declared);
  try {
    const inputs = declared as unknown as MdevDeviceInputs;
    const facts = await viewOf(inputs).facts();
    if (!knowsFormat(facts)) return diffByTable(table, stored, declared);
    if (movedAway(inputs, olds, facts))
      return { changes: true, replaces: ["connection"], deleteBeforeReplace: true };
    const gone = "mdevType" in declared ? { mdevType: "none" } : { type: "none" };
    const live = { ...stored, ...(liveVgpuInputs(inputs, facts) ?? gone) };
    const result = diffByTable(table, live, declared);
    return { ...result, changes: result.changes || planVgpu(requestOf(inputs), facts).steps.length > 0 };
  } catch (error) {
    throw tellOnce(withExclude(error, { kind: "VgpuHost", name: String(news.host) }));
  }
}

/** Whether a vGPU of its type, without a record, is where it was: were it forgotten, nobody would be told that its record is gone. */
function mayLackRecord(props: Properties, facts: HostFacts): boolean {
  const inputs = props as unknown as MdevDeviceInputs;
  const self = { ...declarationOf(inputs), uuid: inputs.uuid };
  return namelessLike(self, facts).includes(String(props.parent));
}

async function read(id: string, props: Properties) {
  const inputs = pick(props, mdevDeviceKeys(props));
  if (isOffline()) {
    warnOffline();
    return { id, props, inputs };
  }
  rememberAcceptedKey(props.connection as Connection, props.acceptedHostKey);
  const view = viewOf(inputs as unknown as MdevDeviceInputs);
  try {
    const facts = await view.facts();
    if (!knowsFormat(facts)) return { id, props, inputs };
    const elsewhere = elsewhereText(props, facts);
    if (elsewhere !== null) tell(`${props.host} ${props.name}`, elsewhere, { severity: "WARNING" });
    const live = elsewhere === null ? vgpuOutputs(inputs as unknown as MdevDeviceInputs, facts) : null;
    if (live === null) return mayLackRecord(props, facts) ? { id, props, inputs } : { id: "" };
    // A state of an older version has no machine-id: a refresh that adds it would show a change of every vGPU.
    const { machineId, ...seen } = live;
    const noted = props.machineId === undefined ? {} : { machineId };
    return { id, props: { ...props, ...seen, ...noted }, inputs: pick(live, mdevDeviceKeys(live)) };
  } catch (error) {
    if (isOutOfReach(error) && !view.tellOnce()) return { id, props, inputs };
    throw tellOnce(withStoredConnection(error, { kind: "VgpuHost", name: String(props.host) }));
  }
}
