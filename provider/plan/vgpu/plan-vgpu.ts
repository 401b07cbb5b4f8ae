import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts, HostFacts } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";
import { bootUnitSteps } from "../host/boot-unit.js";
import { busyGpuRefusals } from "../host/gpu-settings.js";
import { formatRefusals, knowsFormat } from "../identity/record-format.js";
import { othersHostRefusal } from "../identity/vgpu-host.js";
import type { Plan } from "../steps.js";
import { unlessUnread } from "../unread.js";
import { startsByItself } from "./autostart.js";
import { type Carrier, carrierName, carrierOf, fullTypeName, isGpu, typeKey } from "./carrier.js";
import { consoleGpuRefusal, undeclaredGpuRefusal } from "./gpu-of-host.js";
import { roomOnGpu } from "./gpu-room.js";
import { mdevTypeRefusal, noParentRefusal } from "./parent-refusals.js";
import { roomOnParent } from "./parent-room.js";
import { isNamedSo, isOfStack, takenNameRefusal, withRecordedUuids } from "./vgpu-names.js";
import {
  foreignRefusal,
  inUseRefusal,
  keptElsewhereRefusal,
  noGpuRefusal,
  replacedByHandRefusal,
  typeRefusal,
  untargetedRefusal,
} from "./vgpu-refusals.js";
import { forgetSteps, makeStep, placed, retireSteps } from "./vgpu-steps.js";
import {
  findLive,
  identityOf,
  inPlaceOf,
  type KnownVgpu,
  knownVgpus,
  type VgpuContext,
  type VgpuRequest,
} from "./vgpu-view.js";

/** Returns why the GPU cannot be asked for vGPUs yet, `null` when it can. The host's own convergence comes first. */
export function vgpuDeferral(
  self: Pick<DesiredVgpu, "carrierKind" | "carrier">,
  facts: HostFacts,
): string | null {
  const carrier = carrierOf(self, facts);
  if (carrier === undefined || carrier.vgpuInterface !== null || !knowsFormat(facts)) return null;
  return carrier.absence ?? "the GPU offers no vGPU types yet";
}

/** Returns what must be done, in order, until the vGPU exists as declared; what is in its way and no longer wanted goes first. */
export function planVgpu(declared: VgpuRequest, facts: HostFacts): Plan {
  const request = withRecordedUuids(declared, facts);
  const { self } = request;
  const [unknown] = formatRefusals(`${self.host} ${self.name}`, facts);
  const wrongPlace = unknown ?? othersHostRefusal(self, facts) ?? undeclaredGpuRefusal(request);
  const taken = wrongPlace ?? takenNameRefusal(self, facts);
  if (taken !== null) return refused(taken);
  const carrier = carrierOf(self, facts);
  const judged = (plan: Plan) => unlessUnread(`${self.host} ${self.name}`, facts, plan);
  if (carrier === undefined) return judged(refused(noCarrierRefusal(self, facts)));
  if (carrier.vgpuInterface === null) return { steps: [], refusals: [] };
  const typeName = fullTypeName(self.type, carrier);
  if (typeName === null)
    return judged(refused(isGpu(carrier) ? typeRefusal(self, carrier) : mdevTypeRefusal(self, carrier)));
  const context = { ...request, carrier, facts, typeName, known: knownVgpus(carrier, facts) };
  const plan = withoutLeftovers(context, planOn(context));
  const notNow = isGpu(carrier) && plan.steps.length > 0 ? gpuRefusal(self, carrier, plan) : null;
  return judged(notNow === null ? withBootUnit(context, onlyTargeted(context, plan)) : refused(notNow));
}

function gpuRefusal(self: DesiredVgpu, gpu: GpuFacts, plan: Plan): ErrorParts | null {
  const [busy = null] = busyGpuRefusals(`${self.host} ${self.carrier} ${self.name}`, gpu);
  return busy ?? consoleGpuRefusal(self, gpu, plan);
}

/** A run with `--target` takes nothing away that it would not make again. */
function onlyTargeted({ self, isTargeted = () => true }: VgpuContext, plan: Plan): Plan {
  const others = plan.steps.flatMap((step) =>
    step.kind === "retire-vgpu" && step.vgpu.uuid !== self.uuid && !isTargeted(step.vgpu.name)
      ? [step.vgpu]
      : [],
  );
  return others.length === 0 ? plan : refused(untargetedRefusal(self, others));
}

/** A record that outlived its vGPU goes with the next plan, whatever that does: the boot unit would make the vGPU again. */
function withoutLeftovers(context: VgpuContext, plan: Plan): Plan {
  return plan.refusals.length > 0 ? plan : { ...plan, steps: [...forgetSteps(context), ...plan.steps] };
}

function planOn(context: VgpuContext): Plan {
  const { self, carrier, facts, typeName, known } = context;
  const elsewhere = findLive(self.uuid, facts);
  if (elsewhere !== null && carrierName(elsewhere.carrier) !== carrierName(carrier))
    return movePlan(context, elsewhere);
  const stranger = inPlaceOf(self.uuid, facts);
  if (stranger !== null) return refused(replacedByHandRefusal(self, stranger));
  const live = known.find((vgpu) => identityOf(vgpu) === self.uuid) ?? null;
  if (live !== null && !live.live.removing && typeKey(live.live.typeName ?? "") === typeKey(typeName))
    return keepPlan(context, live);
  return makePlan(context, live);
}

/** A host of which no GPU is declared has no boot unit of its own: the first thing that a reboot takes brings it. */
function withBootUnit({ self, carrier, facts, bootFiles }: VgpuContext, plan: Plan): Plan {
  if (isGpu(carrier) || plan.refusals.length > 0) return plan;
  const startsByItself =
    plan.steps.length === 0 && facts.manifest.vgpus.every(({ uuid }) => uuid !== self.uuid);
  if (startsByItself) return plan;
  return { ...plan, steps: [...bootUnitSteps(self.host, facts, bootFiles), ...plan.steps] };
}

function noCarrierRefusal(self: DesiredVgpu, facts: HostFacts): ErrorParts {
  return self.carrierKind === "gpu" ? noGpuRefusal(self, facts) : noParentRefusal(self, facts);
}

function refused(parts: ErrorParts): Plan {
  return { steps: [], refusals: [parts] };
}

/** It is on another GPU or parent: the engine removes it there first, unless a run was interrupted. */
function movePlan(
  context: VgpuContext,
  from: { readonly carrier: Carrier; readonly known: KnownVgpu },
): Plan {
  const { self } = context;
  const { known } = from;
  if (known.record === null || !isOfStack(known.record, self) || known.record.adopted)
    return refused(foreignRefusal(self, known));
  if (known.live.holders.length > 0) return refused(inUseRefusal(self, known));
  if (known.record.keep || self.keep) return refused(keptElsewhereRefusal(self, known));
  const there = retireSteps({ ...context, carrier: from.carrier }, [known]);
  const plan = makePlan(context, null);
  return plan.refusals.length > 0 ? plan : { ...plan, steps: [...there, ...plan.steps] };
}

/** It exists in the right shape: only its record may be missing or unfinished. */
function keepPlan(context: VgpuContext, live: KnownVgpu): Plan {
  const { self, facts } = context;
  const record = live.record;
  const place = placed(context, live.live.parent, self);
  const cause = "it exists as declared; its record does not say so yet";
  const target = `${self.host} ${self.name}`;
  if (record === null) {
    if (startsByItself(self.uuid, facts)) return { steps: [], refusals: [] };
    const taken =
      "it is there as declared, and not made by us: it will be left in place when it goes from the program";
    return {
      steps: [{ kind: "record-vgpu", vgpu: place, target, cause: taken, disruption: "none" }],
      refusals: [],
    };
  }
  if (!isOfStack(record, self)) return refused(foreignRefusal(self, live));
  const sameNames = isNamedSo(record, self);
  const noted =
    sameNames && record.state === "done" && record.keep === self.keep && record.typeName === context.typeName;
  if (noted && (record.adopted || definedManually(self.uuid, context.carrier, facts))) {
    return { steps: [], refusals: [] };
  }
  const kind = record.adopted ? "record-vgpu" : "make-vgpu";
  return { steps: [{ kind, vgpu: place, target, cause, disruption: "none" }], refusals: [] };
}

/** Whether mdevctl, where it is used, holds the vGPU's definition and leaves its start to our boot unit. */
export function definedManually(uuid: string, carrier: Carrier, facts: HostFacts): boolean {
  if (carrier.vgpuInterface === "vendor-vfio" || !facts.tools.has("mdevctl")) return true;
  return facts.mdevDefinitions.some(
    (definition) => definition.mdevUuid === uuid && definition.start === "manual",
  );
}

function makePlan(context: VgpuContext, old: KnownVgpu | null): Plan {
  const { carrier } = context;
  const { parent, retire, refusals } = isGpu(carrier)
    ? roomOnGpu({ ...context, carrier }, old)
    : roomOnParent({ ...context, carrier }, old);
  if (refusals.length > 0 || parent === null) return { steps: [], refusals };
  return {
    steps: [...retireSteps(context, retire), makeStep(context, parent)],
    refusals: [],
  };
}
