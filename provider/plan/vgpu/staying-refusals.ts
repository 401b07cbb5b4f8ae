import type { ErrorParts } from "../../model/errors.js";
import type { DesiredVgpu } from "../desired.js";
import { typeKey } from "./carrier.js";
import { isOfStack } from "./vgpu-names.js";
import { place } from "./vgpu-refusals.js";
import { identityOf, isKept, isLate, type KnownVgpu, type VgpuRequest, vgpuText } from "./vgpu-view.js";

/** Why a live vGPU that no VM uses does not go for another one. */
export type StayReason = "kept" | "foreign" | "late" | "declared" | "adopted";

const reasonTexts: Readonly<Record<StayReason, string>> = {
  kept: "the program protects or retains it",
  foreign: "it is not ours",
  late: "the program declares it, on what and as what was not known yet (an output of a resource, or a promise of more than 10 s)",
  declared: "the program declares it so",
  adopted: "it was there before us, and is left in place",
};

/** Returns why a vGPU stays that is neither stale nor used by a VM. */
export function stayReason(vgpu: KnownVgpu, { self, declared, late = [] }: VgpuRequest): StayReason {
  const { record } = vgpu;
  if (isKept(vgpu, declared)) return "kept";
  if (record === null || !isOfStack(record, self)) return "foreign";
  const wanted = declared.find(({ uuid }) => uuid === identityOf(vgpu));
  if (wanted === undefined && isLate(record, late)) return "late";
  const isAsDeclared = wanted !== undefined && typeKey(wanted.type) === typeKey(vgpu.live.typeName ?? "");
  return record.adopted && !isAsDeclared ? "adopted" : "declared";
}

/** A vGPU of another size stays, and the GPU holds one size only. @param size MiB, `null` where nobody knows */
export function sizeRefusal(
  self: DesiredVgpu,
  vgpu: KnownVgpu,
  { reason, size }: { readonly reason: StayReason; readonly size: number | null },
): ErrorParts {
  const sizeText = size === null ? "of one framebuffer size" : `of ${size} MiB`;
  return {
    code: "VGPU_SIZE_CONFLICT",
    where: place(self),
    what: `cannot make ${self.type} beside a vGPU of another size`,
    saw: `${vgpuText(vgpu)} of ${vgpu.framebufferMiB ?? "an unknown number of"} MiB in equal-size mode; ${reasonTexts[reason]}`,
    expected: `no vGPU on the GPU, or only ${sizeText}`,
    next: besideIt(vgpu, reason),
    property: "type",
  };
}

function besideIt(vgpu: KnownVgpu, reason: StayReason): string {
  if (reason === "late")
    return `write gpu and type of ${vgpu.record?.name} in the program, not as an output of a resource, so that all are judged together; or choose another GPU`;
  if (reason === "adopted")
    return "choose another GPU or types of its size; or remove that vGPU by hand if nobody needs it";
  return "choose another GPU or one size for all vGPUs of this GPU";
}

/** A vGPU's type is changed by making it anew, and this one may not go. */
export function unchangeableRefusal(self: DesiredVgpu, vgpu: KnownVgpu, reason: StayReason): ErrorParts {
  const [thing, property] =
    self.carrierKind === "gpu" ? (["a vGPU", "type"] as const) : (["an mdev", "mdevType"] as const);
  const change =
    reason === "kept"
      ? `take protect or retainOnDelete away in a run of its own, then change ${property}`
      : `declare the ${property} that it has, or remove it by hand if nobody needs it`;
  return {
    code: "VGPU_PREREQUISITE",
    where: place(self),
    what: `cannot make ${vgpuText(vgpu)} anew as ${self.type}`,
    saw: reasonTexts[reason],
    expected: `${thing} that may be removed: its type never changes`,
    next: `${change}; or declare another uuid`,
    property,
  };
}
