import type { SettingSteps } from "./gpu-settings.js";
import type { PciAddress } from "./pci-address.js";

/** What a step does to those who use the machine. */
export type Disruption = "none" | "stops-guests" | "reboots-host" | "reboots-guest" | "writes-firmware";

/** What every step has. */
export interface StepBase {
  /** What the step acts on: the machine, a GPU, a vGPU. */
  readonly target: string;
  /** The fact that makes the step needed. */
  readonly cause: string;
  readonly disruption: Disruption;
}

/** The kinds of steps that change a setting of a GPU. */
export type SettingStepKind = keyof SettingSteps;

/** A step of this kind that changes a setting of a GPU. */
export type SettingStepOf<Kind extends SettingStepKind> = SettingSteps[Kind] & {
  readonly kind: Kind;
  readonly gpu: PciAddress;
};

/** A step that changes a setting of a GPU. */
export type SettingStep = { [Kind in SettingStepKind]: SettingStepOf<Kind> }[SettingStepKind];
