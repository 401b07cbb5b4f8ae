import type { ErrorParts } from "../model/errors.js";
import type { VgpuInterface } from "../model/facts.js";
import type { SettingStep, StepBase } from "../model/step.js";

/** A driver package that is installed on a machine. */
export interface PackageSource {
  /** Path on the machine that runs Pulumi; `null` when the package is on the host. */
  readonly localPath: string | null;
  /** Path on the host; `null` when it is uploaded. */
  readonly remotePath: string | null;
  readonly sha256: string;
  /** Its size, where it is known by now. */
  readonly bytes?: number;
}

/** One change of a machine. Each is idempotent; a plan is an ordered list of them. */
export type Step = StepBase &
  (
    | {
        readonly kind: "claim-host";
        readonly owner: string;
        readonly nouveauLoaded: boolean;
        /** Stacks that it was renamed from: the boot unit restores what is noted for them, too. */
        readonly formerStacks: readonly string[];
      }
    | { readonly kind: "release-host" }
    | { readonly kind: "block-nouveau" }
    | { readonly kind: "unblock-nouveau" }
    | { readonly kind: "upload-package"; readonly package: PackageSource }
    | { readonly kind: "copy-package"; readonly package: PackageSource }
    | {
        readonly kind: "install-driver";
        readonly package: PackageSource;
        readonly version: string;
        readonly dkms: boolean;
      }
    | {
        readonly kind: "uninstall-driver";
        /** What takes its place: it must lie verified on the machine before anything is taken away. */
        readonly replacement?: PackageSource;
      }
    | { readonly kind: "reboot-machine" }
    | { readonly kind: "await-services"; readonly services: readonly string[] }
    | { readonly kind: "start-services"; readonly services: readonly string[] }
    | { readonly kind: "install-boot-unit" }
    | { readonly kind: "remove-boot-unit" }
    | SettingStep
    | VgpuStep
    | GuestStep
  );

/** Steps on one vGPU; all of one plan run in one round trip. */
export type VgpuStep =
  | { readonly kind: "retire-vgpu"; readonly vgpu: PlacedVgpu }
  | { readonly kind: "make-vgpu"; readonly vgpu: PlacedVgpu }
  | { readonly kind: "record-vgpu"; readonly vgpu: PlacedVgpu }
  | { readonly kind: "forget-vgpu"; readonly vgpu: PlacedVgpu };

/** A vGPU with its place on the host. */
export interface PlacedVgpu {
  readonly uuid: string;
  readonly vgpuInterface: VgpuInterface;
  /** PCI address of its GPU; on a device that is not NVIDIA's the device's name. */
  readonly carrier: string;
  readonly parent: string;
  readonly typeName: string;
  readonly vgpuTypeId: number | null;
  readonly owner: string;
  readonly name: string;
  readonly keep: boolean;
}

/** Steps in a Linux guest. */
export type GuestStep =
  | { readonly kind: "claim-guest"; readonly owner: string; readonly nouveauLoaded: boolean }
  | { readonly kind: "release-guest" }
  | { readonly kind: "write-gridd-conf"; readonly featureType: number }
  | { readonly kind: "write-token" }
  | { readonly kind: "remove-license" }
  | { readonly kind: "acquire-license" };

/** What is to be done, or why nothing may be. */
export interface Plan {
  readonly steps: readonly Step[];
  /** Not empty: no step may run. */
  readonly refusals: readonly ErrorParts[];
}

/** Returns a step as one line for people, e.g. `"reboot-machine gpu-01 [reboots-host]: nouveau is loaded"`. */
export function stepText(step: Step): string {
  const disruption = step.disruption === "none" ? "" : ` [${step.disruption}]`;
  return `${step.kind} ${step.target}${disruption}: ${step.cause}`;
}

/** Returns a plan as lines for people: how many steps, which reboots and why; then each step with its cause. */
export function planLines(steps: readonly Step[]): string[] {
  const reboots = steps.filter((step) => step.kind === "reboot-machine");
  const causes = [...new Set(reboots.map((step) => step.cause))].join("; ");
  const which = reboots.length === 0 ? "" : `, ${counted(reboots.length, "reboot")} (${causes})`;
  const texts = steps.map(shortText);
  const width = Math.min(Math.max(...texts.map((text) => text.length)), widestStep);
  const digits = String(steps.length).length;
  return [
    `${counted(steps.length, "step")}${which}`,
    ...steps.map(
      (step, index) =>
        `  ${String(index + 1).padStart(digits)} ${(texts[index] ?? "").padEnd(width)}  ${step.cause}`,
    ),
  ];
}

/** Characters of a step's column; a longer one moves its cause to the right. */
const widestStep = 44;

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Returns a step as a line of progress; whose it is stands before it. */
export function progressText(step: Step): string {
  return `${shortText(step)} (${step.cause})`;
}

function shortText(step: Step): string {
  if ("vgpu" in step) return `${step.kind} ${step.vgpu.name} (${step.vgpu.typeName} on ${step.vgpu.parent})`;
  const gpu = "gpu" in step ? ` ${step.gpu}` : "";
  return step.kind === "reboot-machine" ? "REBOOT" : `${step.kind}${gpu}`;
}
