import { damagedPackage } from "../apply/damaged-package.js";
import type { Connection } from "../model/connection.js";
import { knowsFormat } from "../plan/identity/record-format.js";
import { leftElsewhere, saysWhichItIs } from "../plan/identity/same-machine.js";
import { planLines } from "../plan/steps.js";
import { checkInputs } from "../schema/check-inputs.js";
import { keyFileRefusal } from "../transport/login/key-files.js";
import { noteStored } from "./claims.js";
import { programFailures, takeDeclared } from "./declared.js";
import { beginLooks } from "./first-looks.js";
import { hostPackageRefusal } from "./host-package.js";
import { diffByTable, hasUnknown, type Properties, pick } from "./lifecycle.js";
import { anothersRefusal, othersAround } from "./machine-change.js";
import type { AnyMachineKind, MachineInputs } from "./machine-kind.js";
import { rememberAcceptedKey } from "./machine-view.js";
import { isLeftOut, noteCheck } from "./other-machines.js";
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

/** What the engine's check does: the form of the inputs, the rules over the program, the plan against the live machine. */
export function checkMachine(kind: AnyMachineKind, olds: Properties, news: Properties) {
  const claim = { kind: kind.kind, name: String(news.name), owner: String(news.owner) };
  return noteCheck(claim, lookAndJudge(kind, olds, news));
}

async function lookAndJudge(kind: AnyMachineKind, olds: Properties, news: Properties) {
  const { inputs, program, looks } = takeDeclared(kind.kind, news);
  beginLooks(looks, inputs.owner);
  const noKey = isOffline() ? null : keyFileRefusal(String(inputs.name), inputs.connection);
  if (hasUnknown(inputs)) return { inputs, failures: asFailures(noKey === null ? [] : [noKey]) };
  const checked = checkInputs(kind.schema, inputs, {
    where: String(inputs.name),
    page: kind.page,
  });
  if (checked.inputs === null) return { inputs, failures: [...checked.failures] };
  if (noKey !== null) return { inputs, failures: asFailures([noKey]) };
  const valid = checked.inputs as unknown as MachineInputs;
  const desired = kind.desired(valid);
  const failures = [...programFailures(program), ...asFailures(await kind.localRefusals(valid, desired))];
  if (failures.length === 0) failures.push(...(await preflight(kind, valid, Object.keys(olds).length === 0)));
  return { inputs: checked.inputs as Properties, failures };
}

/** Asks the live machine, read-only, whether the plan can be carried out: the first preview says what is wrong with it. */
async function preflight(kind: AnyMachineKind, inputs: MachineInputs, isNew: boolean) {
  if (isOffline()) {
    warnOffline();
    return [];
  }
  const desired = kind.desired(inputs);
  try {
    const view = kind.view(inputs.connection as Connection, { acceptNew: isNew });
    const facts = await view.facts();
    const unseen = isNew ? othersAround(kind, inputs).filter(isLeftOut) : [];
    const anothers = anothersRefusal(kind, inputs, { facts, unseen });
    if (anothers !== null) return asFailures([anothers]);
    const plan = kind.plan(desired, facts);
    for (const notice of kind.notices(facts, plan.steps)) tell(desired.name, notice, { severity: "WARNING" });
    if (plan.steps.length > 0) tell(desired.name, planLines(plan.steps));
    if ((await damagedPackage(view.session, plan.steps)) !== null)
      tell(desired.name, "the copy of the package on the machine is damaged: it is brought anew first");
    const wrongPackage = await hostPackageRefusal(view.session, {
      steps: plan.steps,
      driver: desired.driver,
      role: kind.claim,
      where: desired.name,
      facts,
    });
    return asFailures(wrongPackage === null ? plan.refusals : [...plan.refusals, wrongPackage]);
  } catch (error) {
    if (isNew && kind.mayBeOffAtFirst(inputs) && isOutOfReach(error) && error.code === "VGPU_UNREACHABLE") {
      tell(desired.name, "does not answer yet; it is waited for when its turn comes");
      return [];
    }
    return [asFailure(withExclude(error, { kind: kind.kind, name: desired.name }), "connection")];
  }
}

/** What the engine's diff does: the table of properties, and whether the plan has steps. */
export async function diffMachine(
  kind: AnyMachineKind,
  id: string,
  { olds, news }: { readonly olds: Properties; readonly news: Properties },
) {
  rememberAcceptedKey(olds.connection as Connection, olds.acceptedHostKey);
  const keys = Object.keys(kind.schema.shape);
  const [stored, declared] = [pick(olds, keys), pick(news, keys)];
  if (hasUnknown(news)) return diffByTable(kind.table, stored, declared);
  if (isOffline()) return diffByTable(kind.table, stored, declared);
  try {
    const inputs = declared as unknown as MachineInputs;
    const facts = await kind.view(inputs.connection as Connection).facts();
    // Another address of the same machine is no reason to uninstall its driver.
    if (facts.machineId !== id) return { changes: true, replaces: ["connection"], deleteBeforeReplace: true };
    if (!knowsFormat(facts)) return diffByTable(kind.table, stored, declared);
    const lost = kind.lostHistory(inputs, facts);
    if (lost !== null) tell(inputs.name, lost, { severity: "WARNING" });
    const result = diffByTable(kind.table, { ...stored, ...kind.liveInputs(inputs, facts) }, declared);
    return { ...result, changes: result.changes || kind.plan(kind.desired(inputs), facts).steps.length > 0 };
  } catch (error) {
    throw tellOnce(withExclude(error, { kind: kind.kind, name: String(news.name) }));
  }
}

/** What the engine's read does: the live machine as properties. */
export async function readMachine(kind: AnyMachineKind, id: string, props: Properties) {
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
    if (!saysWhichItIs(facts)) return { id, props, inputs };
    if (facts.machineId !== id) {
      tell(String(props.name), leftElsewhere(facts, id), { severity: "WARNING" });
      return { id: "" };
    }
    if (!knowsFormat(facts)) return { id, props, inputs };
    noteStored(facts.machineId, { kind: kind.kind, name: String(props.name), owner: String(props.owner) });
    const live = { ...inputs, ...kind.liveInputs(inputs as unknown as MachineInputs, facts) };
    return {
      id,
      props: { ...props, ...live, observed: kind.observed(live as unknown as MachineInputs, facts) },
      inputs: live,
    };
  } catch (error) {
    if (isOutOfReach(error) && !view.tellOnce()) return { id, props, inputs };
    throw tellOnce(withStoredConnection(error, { kind: kind.kind, name: String(props.name) }));
  }
}
