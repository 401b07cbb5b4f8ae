import type { Connection } from "../model/connection.js";
import { type ErrorParts, VgpuError } from "../model/errors.js";
import type { MachineFacts } from "../model/facts.js";
import { leftToOwner } from "../plan/driver/driver-refusals.js";
import { unseenHostRefusals } from "../plan/identity/guest.js";
import { leftElsewhere, planFor, saysWhichItIs } from "../plan/identity/same-machine.js";
import { shownList } from "../plan/identity/shown-list.js";
import { type Plan, planLines } from "../plan/steps.js";
import { withLock } from "../transport/lock.js";
import type { Session } from "../transport/session.js";
import { type Claim, claimMachine } from "./claims.js";
import { convergeMachine, lockRequest } from "./converge-machine.js";
import { declaredAround } from "./declared.js";
import { hostPackageRefusal, type PackageLook } from "./host-package.js";
import { type Properties, pick } from "./lifecycle.js";
import type { AnyMachineKind, MachineDesire, MachineInputs } from "./machine-kind.js";
import { rememberAcceptedKey } from "./machine-view.js";
import { othersChecked } from "./other-machines.js";
import { halfMade, refuseOffline, tellOnce, withExclude, withVmHint } from "./outcomes.js";
import { tell } from "./tell.js";

/** How long a VM that waited for its vGPU may take to answer. */
const firstBootMs = 300_000;

/** The one way to the declared state: observe, plan, apply, read back. `id`: the machine that has it already, `null` for a new resource. */
export async function convergeTo(kind: AnyMachineKind, inputs: MachineInputs, id: string | null) {
  const isNew = id === null;
  refuseOffline(inputs.name, "change the machine");
  const desired = kind.desired(inputs);
  const [wrongInput] = await kind.localRefusals(inputs, desired);
  if (wrongInput !== undefined) throw new VgpuError(wrongInput);
  const deadlineMs = isNew && kind.mayBeOffAtFirst(inputs) ? firstBootMs : undefined;
  const view = kind.view(inputs.connection as Connection, {
    acceptNew: isNew,
    deadlineMs,
    waitingFor: inputs.name,
  });
  const token = kind.secretToken(inputs);
  const unseen = isNew ? await othersChecked(othersAround(kind, inputs), { onWait: tellOthers(inputs) }) : [];
  return withLock(view.session, lockRequest(desired.owner, desired.name), async () => {
    const before = await view.current();
    const anothers = anothersRefusal(kind, inputs, { facts: before, unseen });
    if (anothers !== null) throw new VgpuError(anothers);
    const task = {
      view,
      label: desired.name,
      journals: kind.journals,
      reboot: desired.reboot,
      claim: kind.claim,
    };
    const machine = { name: desired.name, machineId: id ?? before.machineId };
    const plan = (facts: MachineFacts) => planFor(machine, facts, (same) => kind.plan(desired, same));
    await refuseWrongPackage(view.session, {
      plan: plan(before),
      look: { driver: desired.driver, role: kind.claim, where: desired.name, facts: before },
    });
    try {
      const after = await convergeMachine(
        { ...task, plan, ...(token === undefined ? {} : { token }) },
        before,
      );
      return { id: after.machineId, outs: outputs(kind, inputs, after) };
    } catch (error) {
      const now = await view.observe().catch(() => before);
      if (now.machineId !== before.machineId || now.manifest.owner !== desired.owner) throw error;
      const live = { ...inputs, ...kind.liveInputs(inputs, now) };
      throw halfMade(error, now.machineId, outputs(kind, live, now));
    }
  }).catch((error: unknown) => {
    const outside = kind.claim === "guest" ? withVmHint(error) : error;
    throw withExclude(outside, { kind: kind.kind, name: inputs.name });
  });
}

/** Returns why the machine is, or may be, another resource's of this run; `unseen` are those that are not looked at. */
export function anothersRefusal(
  kind: AnyMachineKind,
  inputs: MachineInputs,
  { facts, unseen }: { readonly facts: MachineFacts; readonly unseen: readonly Claim[] },
): ErrorParts | null {
  const claim = claimMachine(facts.machineId, { kind: kind.kind, name: inputs.name, owner: inputs.owner });
  const [doubt = null] = kind.claim === "guest" ? unseenHostRefusals(inputs, facts, unseen) : [];
  return claim ?? doubt;
}

/** @throws why the package on the machine cannot be installed, before anything is done for it */
async function refuseWrongPackage(
  session: Session,
  { plan, look }: { readonly plan: Plan; readonly look: Omit<PackageLook, "steps"> },
): Promise<void> {
  if (plan.refusals.length > 0) return;
  const refusal = await hostPackageRefusal(session, { ...look, steps: plan.steps });
  if (refusal !== null) throw new VgpuError(refusal);
}

function tellOthers({ name }: MachineInputs): (unseen: readonly Claim[]) => void {
  return (unseen) => {
    const them = shownList(unseen.map((claim) => `${claim.kind} ${claim.name}`));
    tell(name, `waits for the look at ${them}, 10 s at most until it begins: they may be one machine`, {
      passing: true,
    });
  };
}

/** Returns the resources that may turn out to mean the same machine. */
export function othersAround({ kind }: AnyMachineKind, inputs: MachineInputs): Claim[] {
  const { others = [] } = declaredAround(kind, inputs as unknown as Properties);
  return others.map((other) => ({ kind: other.kind, name: other.resource, owner: inputs.owner }));
}

function outputs(kind: AnyMachineKind, inputs: MachineInputs, facts: MachineFacts): Properties {
  const connection = inputs.connection as Connection;
  const accepted = connection.acceptNew ? kind.view(connection).session.hostKeyToStore() : undefined;
  const declared = pick(inputs as unknown as Properties, Object.keys(kind.schema.shape));
  const stored = { ...declared, observed: kind.observed(inputs, facts) };
  return accepted === undefined ? stored : { ...stored, acceptedHostKey: accepted };
}

/** Says before anything is taken away what that takes, where it reboots the machine. */
function tellReboots(kind: AnyMachineKind, desired: MachineDesire, facts: MachineFacts): void {
  const { steps } = kind.planRemoval(desired, facts);
  if (steps.some(({ kind: step }) => step === "reboot-machine")) tell(desired.name, planLines(steps));
}

/** Takes away what our manifest says is ours; already gone is success, and another machine at the address is left alone. */
export async function removeMachine(kind: AnyMachineKind, id: string, props: Properties): Promise<void> {
  const inputs = pick(props, Object.keys(kind.schema.shape)) as unknown as MachineInputs;
  const desired = kind.desired(inputs);
  rememberAcceptedKey(inputs.connection as Connection, props.acceptedHostKey);
  try {
    refuseOffline(desired.name, "take the machine's set-up away");
    const view = kind.view(inputs.connection as Connection);
    const seen = await view.facts();
    if (seen.machineId !== id && saysWhichItIs(seen)) {
      tell(desired.name, leftElsewhere(seen, id), { severity: "WARNING" });
      return;
    }
    const left = leftToOwner(desired, seen, kind.claim);
    if (left !== null) return tell(desired.name, left, { severity: "WARNING" });
    tellReboots(kind, desired, seen);
    await withLock(view.session, lockRequest(desired.owner, desired.name), async () => {
      const task = {
        view,
        label: desired.name,
        journals: kind.journals,
        reboot: desired.reboot,
        claim: kind.claim,
      };
      const machine = { name: desired.name, machineId: id };
      const plan = (facts: MachineFacts) =>
        planFor(machine, facts, (same) => kind.planRemoval(desired, same));
      await convergeMachine({ ...task, plan }, await view.current());
    });
  } catch (error) {
    throw tellOnce(withExclude(error, { kind: kind.kind, name: inputs.name }));
  }
}
