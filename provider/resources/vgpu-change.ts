// What changes an MdevDevice: the one convergence, and the removal.
import type { Connection } from "../model/connection.js";
import { VgpuError } from "../model/errors.js";
import type { HostFacts } from "../model/facts.js";
import type { Plan } from "../plan/steps.js";
import { planVgpu, vgpuDeferral } from "../plan/vgpu/plan-vgpu.js";
import { leftToAnother } from "../plan/vgpu/vgpu-names.js";
import { planVgpuRemoval } from "../plan/vgpu/vgpu-removal.js";
import type { MdevDeviceInputs } from "../schema/inputs.js";
import { mdevDeviceKeys } from "../schema/mdev-device.js";
import { claimVgpu, vgpuClaimant } from "./claims.js";
import { convergeMachine } from "./converge-machine.js";
import { expectNoMore } from "./expected-vgpus.js";
import { inHostTurn, type VgpuCall } from "./host-turn.js";
import { type Properties, pick } from "./lifecycle.js";
import { rememberAcceptedKey } from "./machine-view.js";
import { refuseOffline, tellOnce } from "./outcomes.js";
import { tell } from "./tell.js";
import { changeableOnHost, declarationOf, desiredVgpu, requestOf, viewOf } from "./vgpu-request.js";
import { elsewhereText, vgpuOutputs, wrongHostRefusal } from "./vgpu-state.js";

const journals = ["nvidia-vgpu-mgr.service", "nvidia-vgpud.service"];

/** The one way to the declared state: observe, plan, apply, read back. */
export async function convergeVgpu(checked: Properties, olds: Properties): Promise<Properties> {
  const inputs = checked as unknown as MdevDeviceInputs;
  expectNoMore(inputs);
  refuseOffline(`${inputs.host} ${inputs.name}`, "make the vGPU");
  const request = requestOf(inputs);
  const view = viewOf(inputs);
  const refusalOn = (facts: HostFacts) =>
    claimVgpu({ ...inputs, machineId: facts.machineId }) ?? wrongHostRefusal(request.self, olds, facts);
  const plan = (facts: HostFacts) => planVgpu(request, facts);
  const mayPlan = (facts: HostFacts) =>
    refusalOn(facts) === null && vgpuDeferral(request.self, facts) === null;
  const call = callOf(inputs, {
    isRemoval: false,
    plan: (facts) => (mayPlan(facts) ? plan(facts) : nothing),
  });
  return inHostTurn(view, call, async (before) => {
    const refusal = refusalOn(before);
    if (refusal !== null) throw new VgpuError(refusal);
    const deferral = vgpuDeferral(request.self, before);
    if (deferral !== null) throw notReady(inputs, deferral);
    const reboot = { allow: false, deadlineMs: 0 };
    const { label } = call;
    const after = await convergeMachine({ view, label, journals, reboot, claim: "host", plan }, before);
    const live = vgpuOutputs(inputs, after);
    if (live === null) throw notReady(inputs, "it is not there after it was made");
    const accepted = inputs.connection.acceptNew ? view.session.hostKeyToStore() : undefined;
    return accepted === undefined ? live : { ...live, acceptedHostKey: accepted };
  });
}

const nothing: Plan = { steps: [], refusals: [] };

function callOf(inputs: MdevDeviceInputs, change: Pick<VgpuCall, "plan" | "isRemoval">): VgpuCall {
  const vgpus = changeableOnHost(inputs);
  const { owner, host, name } = inputs;
  return { label: `${host} ${name}`, owner, host, journals, vgpus, ...change };
}

function notReady(inputs: MdevDeviceInputs, saw: string): VgpuError {
  const { carrierKind, carrier, type } = declarationOf(inputs);
  const ofGpu =
    "declare the host's driver and this GPU in its VgpuHost; on the host: journalctl -u nvidia-vgpud";
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where: `${inputs.host} ${carrier} ${inputs.name}`,
    what: `cannot make ${type}`,
    saw,
    expected: carrierKind === "gpu" ? "a GPU that offers vGPU types" : "an mdev that stays when it was made",
    next:
      carrierKind === "gpu" ? ofGpu : "look at the kernel's log (dmesg) and at who else removes mdevs there",
    property: carrierKind,
  });
}

/** Takes the vGPU away that is ours; already gone is success, and what is another's is left. */
export async function removeVgpu(_id: string, props: Properties): Promise<void> {
  const inputs = pick(props, mdevDeviceKeys(props)) as unknown as MdevDeviceInputs;
  const self = desiredVgpu(inputs);
  rememberAcceptedKey(inputs.connection as Connection, props.acceptedHostKey);
  try {
    refuseOffline(`${inputs.host} ${inputs.name}`, "remove the vGPU");
    const view = viewOf(inputs);
    const plan = (facts: HostFacts) => planVgpuRemoval(self, facts);
    const leftOn = (facts: HostFacts) => {
      const heir = vgpuClaimant({ machineId: facts.machineId, uuid: inputs.uuid });
      return (
        elsewhereText(props, facts) ??
        (heir === undefined || heir === inputs.name ? leftToAnother(self, facts) : leftToHeir(inputs, heir))
      );
    };
    const call = callOf(inputs, {
      isRemoval: true,
      plan: (facts) => (leftOn(facts) === null ? plan(facts) : nothing),
    });
    await inHostTurn(view, call, async (before) => {
      const left = leftOn(before);
      if (left !== null) return tell(call.label, left, { severity: "WARNING" });
      const reboot = { allow: false, deadlineMs: 0 };
      const { label } = call;
      await convergeMachine({ view, label, journals, reboot, claim: "host", plan }, before);
    });
  } catch (error) {
    throw tellOnce(error);
  }
}

/** Says of a vGPU that another resource of this run took over by its declared UUID that it stays. */
function leftToHeir({ uuid }: MdevDeviceInputs, heir: string): string {
  return `the vGPU ${uuid} is left in place: ${heir} has it now`;
}
