import type { ZodType, z } from "zod";
import type { ErrorParts } from "../model/errors.js";
import type { FactLines, Links, RecordFields } from "../model/fact-lines.js";
import type { GpuFacts, HostManifest, UnreadPart } from "../model/facts.js";
import type { SettingArguments, SettingFacts, SettingRecord } from "../model/gpu-settings.js";
import type { SettingStep, SettingStepKind, SettingStepOf, StepBase } from "../model/step.js";

/**
 * One setting of a GPU, described: how it is seen, compared, changed, read back, shown as drift and restored at boot. All
 * functions are pure; whoever walks the table of settings does what they say, and knows none of them by name.
 */
export interface Setting {
  /** Name of its folder below `provider/settings`. */
  readonly name: string;
  /** Its argument in the program; not there where it follows from another's. */
  readonly argument?: SettingArgument;
  /** The files that its folder has beside those of its steps, which are called by their kinds. */
  readonly files: readonly SettingFile[];
  /** Returns its part of what is known of a GPU. Not told is left out: unknown, and not absent. */
  readonly parse?: (seen: SeenGpu) => Partial<SettingFacts>;
  /** Returns its part of what our manifest notes of a GPU. */
  readonly parseRecord?: (fields: RecordFields) => Partial<SettingRecord>;
  /** Returns why it cannot be as it is declared, whatever is done. */
  readonly refusals?: (context: DeclaredContext) => ErrorParts[];
  /** Returns why it is not as it is declared although nothing is left to be done; asked while a driver is loaded. */
  readonly unmet?: (context: DeclaredContext) => ErrorParts[];
  /** Returns why nothing may be changed on this GPU just now. */
  readonly busy?: (where: string, gpu: GpuFacts) => ErrorParts[];
  /** Returns what must be done until it is as declared. */
  readonly steps?: (context: DeclaredContext) => SettingChange[];
  /** Returns why it takes a boot until it is as declared, after its steps or without one; `null` where it takes none. */
  readonly awaitsBoot?: (context: DeclaredContext) => string | null;
  /** Returns what must be done until nothing of ours is left of it. */
  readonly removal?: (context: GpuContext) => SettingChange[];
  /** What a lost claim leaves of it on a GPU without a record, e.g. `"virtual functions"`, and whether a GPU has it. */
  readonly trace?: { readonly name: string; readonly isOn: (gpu: GpuFacts) => boolean };
  /** Returns what refresh shows in place of an argument that the live GPU is not in agreement with. */
  readonly drift?: (context: DeclaredContext) => { readonly [Name in keyof SettingArguments]?: unknown };
  /** Returns stable facts for the program. */
  readonly outputs?: (gpu: GpuFacts) => Readonly<Record<string, unknown>>;
  /** Its kinds of steps. */
  readonly kinds: { readonly [Kind in SettingStepKind]?: SettingKind<SettingStepOf<Kind>> };
}

/**
 * A shell file of a setting. `"observe"` is a part of the look, which has the addresses of the GPUs in `$gpus`; `"functions"` are
 * what the scripts of its steps and the boot start with; `"boot"` restores what a reboot takes.
 */
export type SettingFile = "observe" | "functions" | "boot";

/** An argument of a GPU. */
export type SettingArgument = {
  [Name in keyof SettingArguments]-?: {
    readonly name: Name;
    /** Its form. zod comes as a value, so that who only plans need not load it. */
    readonly schema: (zod: typeof z) => ZodType<SettingArguments[Name]>;
  };
}[keyof SettingArguments];

/** A step of a setting, whole. */
export type SettingChange = StepBase & SettingStep;

/** What is to be known of a kind of step beside the step itself. It runs `<kind>.sh` of the setting's folder. */
export interface SettingKind<Step> {
  /** The parts of the look without which it is not taken. */
  readonly needs: readonly UnreadPart["part"][];
  /** Returns the arguments of its script. */
  readonly args: (step: Step) => readonly string[];
  /** @default 180_000 */
  readonly deadlineMs?: number;
  /** What its script says where it was refused because others have NVIDIA's driver open; such a step asks for them to go before. */
  readonly refusedWhileOpen?: string;
  /** Returns what is known of a failure beyond what its script said. */
  readonly explain?: (saw: string) => Pick<ErrorParts, "next" | "now"> | null;
}

/** A GPU as a look printed it. */
export interface SeenGpu {
  readonly lines: FactLines;
  readonly links: Links;
  readonly address: string;
}

/** One GPU of a host, in a plan. */
export interface GpuContext {
  /** The host's and the GPU's name, for messages. */
  readonly where: string;
  readonly gpu: GpuFacts;
  readonly manifest: HostManifest;
}

/** One GPU of a host that the program declares. */
export interface DeclaredContext extends GpuContext {
  readonly declared: SettingArguments;
  /** Path of the GPU's argument. */
  readonly property: string;
}
