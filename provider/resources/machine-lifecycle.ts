import type { Connection } from "../model/connection.js";
import { type ErrorParts, VgpuError } from "../model/errors.js";
import type { MachineFacts } from "../model/facts.js";
import type { RebootPolicy } from "../plan/desired.js";
import { type Plan, planText } from "../plan/steps.js";
import { checkInputs, type InputSchema } from "../schema/check-inputs.js";
import { withLock } from "../transport/lock.js";
import { claimMachine } from "./claims.js";
import { convergeMachine } from "./converge-machine.js";
import { programFailures, takeDeclared } from "./declared.js";
import { hostPackageRefusal } from "./driver-input.js";
import {
  type DiffTable,
  diffByTable,
  hasUnknown,
  type Lifecycle,
  type Properties,
  pick,
} from "./lifecycle.js";
import { type MachineView, rememberAcceptedKey, type ViewOptions } from "./machine-view.js";
import {
  asFailure,
  asFailures,
  halfMade,
  isOffline,
  isOutOfReach,
  refuseOffline,
  tellOnce,
  warnOffline,
  withExclude,
  withStoredConnection,
  withVmHint,
} from "./outcomes.js";
import { tell } from "./tell.js";

/** What the inputs of every resource that is a whole machine have. */
export interface MachineInputs {
  readonly name: string;
  readonly owner: string;
  readonly connection: object;
}

/** What is wanted of a machine, as far as every kind has it. */
export interface MachineDesire {
  readonly name: string;
  readonly owner: string;
  readonly reboot: RebootPolicy;
}

/** One kind of resource that is a whole machine: a host or a guest. All functions are pure but `localRefusals`. */
export interface MachineKind<
  Inputs extends MachineInputs,
  Facts extends MachineFacts,
  Desired extends MachineDesire,
> {
  readonly kind: "VgpuHost" | "GuestDriverInstall";
  readonly claim: "host" | "guest";
  readonly journals: readonly string[];
  readonly schema: InputSchema;
  readonly table: DiffTable;
  view(connection: Connection, options?: ViewOptions): MachineView<Facts>;
  desired(inputs: Inputs): Desired;
  plan(desired: Desired, facts: Facts): Plan;
  planRemoval(desired: Desired, facts: Facts): Plan;
  /** What can be seen to be wrong on the machine that runs Pulumi, e.g. a package whose hash differs. */
  localRefusals(inputs: Inputs, desired: Desired): Promise<ErrorParts[]>;
  /** The declared properties as the live machine has them, those that are as declared in the declared words. */
  liveInputs(inputs: Inputs, facts: Facts): Properties;
  /** Stable facts for the program. */
  observed(inputs: Inputs, facts: Facts): Properties;
  secretToken(inputs: Inputs): string | undefined;
  /** What the machine's owner should know beside the plan. */
  notices(facts: Facts): readonly string[];
  /** Whether the machine may be off while its resource is new: a VM that waits for its vGPU. */
  mayBeOffAtFirst(inputs: Inputs): boolean;
}

/** Returns the lifecycle of a kind of machine. */
export function machineLifecycle<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: MachineKind<I, F, D>,
): Lifecycle {
  return {
    check: (olds, news) => check(kind, olds, news),
    diff: (id, olds, news) => diff(kind, id, { olds, news }),
    create: (inputs) => convergeTo(kind, inputs as unknown as I, true),
    read: (id, props) => read(kind, id, props),
    update: (_id, olds, news) => {
      rememberAcceptedKey(olds.connection as Connection, olds.acceptedHostKey);
      return convergeTo(kind, news as unknown as I, false);
    },
    delete: (_id, props) => remove(kind, props),
  };
}

/** How long a VM that waited for its vGPU may take to answer. */
const firstBootMs = 300_000;

type Kind<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire> = MachineKind<I, F, D>;

async function check<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  olds: Properties,
  news: Properties,
) {
  const { inputs, program } = takeDeclared(news);
  if (hasUnknown(inputs)) return { inputs, failures: [] };
  const checked = checkInputs(kind.schema, inputs, String(inputs.name));
  if (checked.inputs === null) return { inputs, failures: [...checked.failures] };
  const valid = checked.inputs as unknown as I;
  const desired = kind.desired(valid);
  const failures = [...programFailures(program), ...asFailures(await kind.localRefusals(valid, desired))];
  if (failures.length === 0) failures.push(...(await preflight(kind, valid, Object.keys(olds).length === 0)));
  return { inputs: checked.inputs as Properties, failures };
}

/** Asks the live machine, read-only, whether the plan can be carried out: the first preview says what is wrong with it. */
async function preflight<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  inputs: I,
  isNew: boolean,
) {
  if (isOffline()) {
    warnOffline();
    return [];
  }
  const desired = kind.desired(inputs);
  try {
    const view = kind.view(inputs.connection as Connection, { acceptNew: isNew });
    const facts = await view.facts();
    const claim = claimMachine(facts.machineId, { kind: kind.kind, name: inputs.name, owner: inputs.owner });
    if (claim !== null) return asFailures([claim]);
    for (const notice of kind.notices(facts)) tell(desired.name, notice);
    const plan = kind.plan(desired, facts);
    if (plan.steps.length > 0) tell(desired.name, planText(plan.steps));
    const wrongPackage = await hostPackageRefusal(plan.steps, view.session, desired.name);
    return asFailures(wrongPackage === null ? plan.refusals : [...plan.refusals, wrongPackage]);
  } catch (error) {
    if (isNew && kind.mayBeOffAtFirst(inputs) && isOutOfReach(error) && error.code === "VGPU_UNREACHABLE") {
      tell(desired.name, "does not answer yet; it is waited for when its turn comes");
      return [];
    }
    return [asFailure(withExclude(error, { kind: kind.kind, name: desired.name }), "connection")];
  }
}

async function diff<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  id: string,
  { olds, news }: { readonly olds: Properties; readonly news: Properties },
) {
  rememberAcceptedKey(olds.connection as Connection, olds.acceptedHostKey);
  const keys = Object.keys(kind.schema.shape);
  const [stored, declared] = [pick(olds, keys), pick(news, keys)];
  if (hasUnknown(news)) return diffByTable(kind.table, stored, declared);
  if (isOffline()) return diffByTable(kind.table, stored, declared);
  try {
    const inputs = declared as unknown as I;
    const facts = await kind.view(inputs.connection as Connection).facts();
    // Another address of the same machine is no reason to uninstall its driver.
    if (facts.machineId !== id) return { changes: true, replaces: ["connection"], deleteBeforeReplace: true };
    const result = diffByTable(kind.table, { ...stored, ...kind.liveInputs(inputs, facts) }, declared);
    return { ...result, changes: result.changes || kind.plan(kind.desired(inputs), facts).steps.length > 0 };
  } catch (error) {
    throw tellOnce(withExclude(error, { kind: kind.kind, name: String(news.name) }));
  }
}

/** The one way to the declared state: observe, plan, apply, read back. */
async function convergeTo<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  inputs: I,
  isNew: boolean,
) {
  refuseOffline(inputs.name, "change the machine");
  const desired = kind.desired(inputs);
  const [wrongInput] = await kind.localRefusals(inputs, desired);
  if (wrongInput !== undefined) throw new VgpuError(wrongInput);
  const deadlineMs = isNew && kind.mayBeOffAtFirst(inputs) ? firstBootMs : undefined;
  const view = kind.view(inputs.connection as Connection, { acceptNew: isNew, deadlineMs });
  const token = kind.secretToken(inputs);
  return withLock(view.session, desired.owner, async () => {
    const before = await view.current();
    const claim = claimMachine(before.machineId, { kind: kind.kind, name: inputs.name, owner: inputs.owner });
    if (claim !== null) throw new VgpuError(claim);
    const task = {
      view,
      label: desired.name,
      journals: kind.journals,
      reboot: desired.reboot,
      claim: kind.claim,
    };
    const plan = (facts: F) => kind.plan(desired, facts);
    try {
      const after = await convergeMachine(
        { ...task, plan, ...(token === undefined ? {} : { token }) },
        before,
      );
      return { id: after.machineId, outs: outputs(kind, inputs, after) };
    } catch (error) {
      const now = await view.observe().catch(() => before);
      if (now.manifest.owner !== desired.owner) throw error;
      const live = { ...inputs, ...kind.liveInputs(inputs, now) };
      throw halfMade(error, now.machineId, outputs(kind, live, now));
    }
  }).catch((error: unknown) => {
    const outside = kind.claim === "guest" ? withVmHint(error) : error;
    throw withExclude(outside, { kind: kind.kind, name: inputs.name });
  });
}

function outputs<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  inputs: I,
  facts: F,
): Properties {
  const connection = inputs.connection as Connection;
  const accepted = connection.acceptNew ? kind.view(connection).session.hostKey() : undefined;
  const declared = pick(inputs as unknown as Properties, Object.keys(kind.schema.shape));
  const stored = { ...declared, observed: kind.observed(inputs, facts) };
  return accepted === undefined ? stored : { ...stored, acceptedHostKey: accepted };
}

async function read<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  id: string,
  props: Properties,
) {
  const inputs = pick(props, Object.keys(kind.schema.shape));
  if (isOffline()) {
    warnOffline();
    return { id, props, inputs };
  }
  const connection = props.connection as Connection;
  rememberAcceptedKey(connection, props.acceptedHostKey);
  const view = kind.view(connection);
  try {
    const facts = await view.facts();
    if (facts.machineId !== id) return { id: "" };
    claimMachine(facts.machineId, { kind: kind.kind, name: String(props.name), owner: String(props.owner) });
    const live = { ...inputs, ...kind.liveInputs(inputs as unknown as I, facts) };
    return {
      id,
      props: { ...props, ...live, observed: kind.observed(live as unknown as I, facts) },
      inputs: live,
    };
  } catch (error) {
    if (isOutOfReach(error) && !view.tellOnce()) return { id, props, inputs };
    throw tellOnce(withStoredConnection(error, { kind: kind.kind, name: String(props.name) }));
  }
}

async function remove<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: Kind<I, F, D>,
  props: Properties,
): Promise<void> {
  const inputs = pick(props, Object.keys(kind.schema.shape)) as unknown as I;
  const desired = kind.desired(inputs);
  rememberAcceptedKey(inputs.connection as Connection, props.acceptedHostKey);
  try {
    refuseOffline(desired.name, "take the machine's set-up away");
    const view = kind.view(inputs.connection as Connection);
    await withLock(view.session, desired.owner, async () => {
      const task = {
        view,
        label: desired.name,
        journals: kind.journals,
        reboot: desired.reboot,
        claim: kind.claim,
      };
      const plan = (facts: F) => kind.planRemoval(desired, facts);
      await convergeMachine({ ...task, plan }, await view.current());
    });
  } catch (error) {
    throw tellOnce(withExclude(error, { kind: kind.kind, name: inputs.name }));
  }
}
