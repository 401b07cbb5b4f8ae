import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts, HostFacts } from "../../model/facts.js";
import type { SettingArguments } from "../../model/gpu-settings.js";
import { settings } from "../../settings/order.js";
import type { DeclaredContext, GpuContext, Setting, SettingChange } from "../../settings/setting.js";
import type { DesiredHost } from "../desired.js";
import { rebootStep } from "../driver/driver-steps.js";
import type { Step } from "../steps.js";

/**
 * Returns what must be done until the settings of all declared GPUs are as declared: one setting after the other. One boot
 * serves all that take one, and comes before those that it would wipe.
 */
export function settingSteps(
  desired: DesiredHost,
  facts: HostFacts,
  table: readonly Setting[] = settings,
): Step[] {
  const gpus = declaredGpus(desired, facts);
  const parts = table.map(({ steps, awaitsBoot }) => ({
    steps: steps === undefined ? [] : gpus.flatMap(steps),
    causes: gpus.flatMap((context) => awaitsBoot?.(context) ?? []),
  }));
  const causes = new Set(parts.flatMap((part) => part.causes));
  const last = parts.findLastIndex((part) => part.causes.length > 0);
  return parts.flatMap(({ steps }, index) =>
    index === last ? [...steps, rebootStep(desired, [...causes].join("; "))] : steps,
  );
}

/** Returns what must be done until none of our settings is left on any GPU, the last one first. */
export function settingRemovalSteps(
  host: string,
  facts: HostFacts,
  table: readonly Setting[] = settings,
): SettingChange[] {
  const gpus = facts.gpus.map((gpu) => contextOf(host, gpu, facts));
  return table.toReversed().flatMap(({ removal }) => (removal === undefined ? [] : gpus.flatMap(removal)));
}

/** Whether there is a setting of ours on a GPU, which goes when the host is let go. */
export function hasOurSettings(gpu: GpuFacts, facts: HostFacts): boolean {
  return settings.some(({ removal }) => (removal?.(contextOf("", gpu, facts)) ?? []).length > 0);
}

/** Returns why declared GPUs cannot be as they are declared; of one that is not there nothing is said. */
export function settingRefusals(desired: Declaring, gpu: GpuFacts, facts: HostFacts): ErrorParts[] {
  const context = declaredContext(desired, gpu, facts);
  return context === null ? [] : settings.flatMap(({ refusals }) => refusals?.(context) ?? []);
}

/** Returns why declared GPUs are not as they are declared although nothing is left to be done. */
export function unmetRefusals(desired: DesiredHost, facts: HostFacts): ErrorParts[] {
  const gpus = declaredGpus(desired, facts);
  return settings.flatMap(({ unmet }) => (unmet === undefined ? [] : gpus.flatMap(unmet)));
}

/** Returns why these steps may not change settings now, of the GPUs that they change. */
export function busyRefusals(where: string, { gpus }: HostFacts, steps: readonly Step[]): ErrorParts[] {
  const changed = new Set(steps.flatMap((step) => ("gpu" in step ? [step.gpu] : [])));
  return gpus
    .filter(({ address }) => changed.has(address))
    .flatMap((gpu) => busyGpuRefusals(`${where} ${gpu.address}`, gpu));
}

/** Returns why nothing may be made or changed on a GPU now. */
export function busyGpuRefusals(where: string, gpu: GpuFacts): ErrorParts[] {
  return settings.flatMap(({ busy }) => busy?.(where, gpu) ?? []);
}

/** Returns a declared GPU's arguments as the live one has them; those that are as declared in the declared words. */
export function liveArguments(desired: Declaring, gpu: GpuFacts, facts: HostFacts): SettingArguments | null {
  const context = declaredContext(desired, gpu, facts);
  if (context === null) return null;
  // What keeps an earlier setting from being as declared says more than what follows from it.
  const drifts = settings.map(({ drift }) => drift?.(context) ?? {}).toReversed();
  return Object.assign({}, context.declared, ...drifts);
}

/** Returns what the settings of a GPU tell the program. */
export function settingOutputs(gpu: GpuFacts): Record<string, unknown> {
  return Object.assign({}, ...settings.map(({ outputs }) => outputs?.(gpu) ?? {}));
}

type Declaring = Pick<DesiredHost, "name" | "gpus">;

function declaredGpus(desired: Declaring, facts: HostFacts): DeclaredContext[] {
  return facts.gpus.flatMap((gpu) => {
    const context = declaredContext(desired, gpu, facts);
    return context === null ? [] : [context];
  });
}

function declaredContext(desired: Declaring, gpu: GpuFacts, facts: HostFacts): DeclaredContext | null {
  const declared = desired.gpus[gpu.address];
  if (declared === undefined) return null;
  return { ...contextOf(desired.name, gpu, facts), declared, property: `gpus["${gpu.address}"]` };
}

function contextOf(host: string, gpu: GpuFacts, { manifest }: HostFacts): GpuContext {
  return { where: `${host} ${gpu.address}`, gpu, manifest };
}
