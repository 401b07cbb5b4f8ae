import { bootFileHashes } from "../apply/boot-unit.js";
import type { Connection } from "../model/connection.js";
import { type DeclaredVgpu, sameCarrier } from "../plan/declared/program.js";
import type { DesiredVgpu } from "../plan/desired.js";
import { isTargetOf } from "../plan/run-targets.js";
import type { VgpuRequest } from "../plan/vgpu/vgpu-view.js";
import type { MdevDeviceInputs } from "../schema/inputs.js";
import { declaredAround, wasChecked } from "./declared.js";
import { targetsOfRun } from "./engine-call.js";
import { formerOf, isStored } from "./former.js";
import { gpusOfHost } from "./host-gpus.js";
import type { Properties } from "./lifecycle.js";
import { hostView } from "./machine-view.js";
import { isUuidDerived } from "./stored-uuid.js";

type Declaration = Pick<DesiredVgpu, "carrierKind" | "carrier" | "type">;

/** Returns what an MdevDevice is declared on and as what, in whichever of its two forms. */
export function declarationOf(vgpu: MdevDeviceInputs | DeclaredVgpu): Declaration {
  if ("gpu" in vgpu) return { carrierKind: "gpu", carrier: vgpu.gpu, type: vgpu.type };
  return { carrierKind: "parent", carrier: vgpu.parent, type: vgpu.mdevType };
}

/** Returns one vGPU as its plan takes it. */
export function desiredVgpu(inputs: MdevDeviceInputs): DesiredVgpu {
  const { uuid, name, owner, host } = inputs;
  return {
    ...{ uuid, name, owner, host, former: formerOf("MdevDevice", inputs) },
    formerHostStack: formerOf("VgpuHost", { owner, name: host })?.owner ?? null,
    isNewByName: isUuidDerived(inputs) && !isStored("MdevDevice", inputs),
    ...declarationOf(inputs),
    keep: inputs.keep === true,
  };
}

/** Returns every vGPU that the program declares on the same GPU or parent, as its first tick knows them. */
export function declaredBeside(inputs: MdevDeviceInputs): readonly DeclaredVgpu[] {
  const { vgpus } = declaredAround("MdevDevice", inputs as unknown as Properties);
  const own = { ...inputs, resource: inputs.name, keep: false };
  return vgpus.filter((vgpu) => vgpu.host === inputs.host && (vgpu.asItIs || sameCarrier(vgpu, own)));
}

/** Returns the vGPUs that the program declares on its host and this run of the engine may be about. */
export function changeableOnHost({ owner, host, name }: MdevDeviceInputs) {
  const { vgpus, late = [] } = declaredAround("MdevDevice", { owner, host, name });
  const isTargeted = targetedIn({ owner, host });
  return vgpus
    .filter((vgpu) => vgpu.host === host && isTargeted(vgpu.resource))
    .filter(({ resource }) => !late.some((one) => one.host === host && one.resource === resource))
    .map(({ resource }) => ({ owner, host, name: resource }));
}

/** Returns what the plan of one vGPU is made from. */
export function requestOf(inputs: MdevDeviceInputs): VgpuRequest {
  const self = desiredVgpu(inputs);
  const siblings = declaredBeside(inputs)
    .filter(({ resource }) => resource !== inputs.name)
    .map((vgpu) => ({
      ...self,
      ...declarationOf(vgpu),
      uuid: vgpu.uuid,
      name: vgpu.resource,
      uuidDerived: vgpu.uuidDerived === true,
      formerNames: vgpu.formerNames ?? [],
      keep: vgpu.keep || vgpu.asItIs === true,
    }));
  const { late: all = [] } = declaredAround("MdevDevice", inputs as unknown as Properties);
  const late = all.filter(({ host }) => host === inputs.host);
  const hostGpus = gpusOfHost(self.owner, self.host);
  const [bootFiles, isTargeted] = [bootFileHashes(), targetedIn(self)];
  return { self, declared: [self, ...siblings], late, hostGpus, bootFiles, isTargeted };
}

function targetedIn({ owner, host }: Pick<DesiredVgpu, "owner" | "host">): (name: string) => boolean {
  const targets = targetsOfRun();
  return (name) =>
    targets === null ||
    isTargetOf(targets, { owner, host, name }) ||
    wasChecked("MdevDevice", { owner, host, name });
}

/** The host's own check decides about unknown host keys; by then its key is known in this process. */
export function viewOf(inputs: { readonly connection: object }) {
  return hostView(inputs.connection as Connection);
}
