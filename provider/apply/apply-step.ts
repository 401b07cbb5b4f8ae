import type { SettingStepKind } from "../model/step.js";
import type { Step, VgpuStep } from "../plan/steps.js";
import { rebootAndWait } from "../transport/reboot.js";
import { bootUnit, restoreScript } from "./boot-unit.js";
import { copyPackage, installDriver, uninstallDriver, uploadPackage } from "./driver-steps.js";
import { acquireLicense } from "./license-step.js";
import { type ChangingScript, change, type Machine } from "./machine.js";
import { rebootGuard } from "./reboot-guard.js";
import { changeSetting } from "./setting-step.js";

/** What a step needs to know beside itself. */
export interface StepContext {
  readonly machine: Machine;
  readonly bootId: string;
  readonly rebootDeadlineMs: number;
  /** Content of the license token, for write-token. */
  readonly token?: string;
}

/** A step that is run alone; those on vGPUs run together. */
export type SingleStep = Exclude<Step, VgpuStep>;

/** A step of one kind. */
type StepOf<Kind extends OwnKind> = Extract<SingleStep, { readonly kind: Kind }>;

/** The kinds that change no setting of a GPU. */
type OwnKind = Exclude<SingleStep["kind"], SettingStepKind>;

/** How a kind of step is carried out. */
type Change<Kind extends OwnKind> = (step: StepOf<Kind>, context: StepContext) => Promise<unknown>;

const changes: { readonly [Kind in OwnKind]: Change<Kind> } = {
  "claim-host": (step, { machine }) => claim(machine, step, step.formerStacks.join(" ")),
  "claim-guest": (step, { machine }) => claim(machine, step, ""),
  "release-host": (_step, { machine }) => change(machine, { name: "release", args: [machine.side] }),
  "release-guest": (_step, { machine }) => change(machine, { name: "release", args: [machine.side] }),
  "upload-package": (step, { machine }) => uploadPackage(machine, step.package),
  "copy-package": (step, { machine }) => copyPackage(machine, step.package),
  "install-driver": (step, { machine }) => installDriver(machine, step),
  "uninstall-driver": (step, { machine }) => uninstallDriver(machine, step.replacement),
  "reboot-machine": (_step, context) => reboot(context),
  // One of them is our own unit, which changes the machine under the same lock.
  "await-services": ownScript(({ services }) => ({ args: services, readsOnly: true })),
  "start-services": ownScript(({ services }) => ({ args: services })),
  // They make the initramfs of every kernel anew: a busy machine was seen to take more than three minutes.
  "block-nouveau": ownScript(() => ({ deadlineMs: 900_000 })),
  "unblock-nouveau": ownScript(() => ({ deadlineMs: 900_000 })),
  "install-boot-unit": ownScript(() => ({ args: [bootUnit()], stdin: restoreScript() })),
  "remove-boot-unit": ownScript(() => ({})),
  "write-gridd-conf": ownScript(({ featureType }) => ({ args: [String(featureType)] })),
  "write-token": ownScript((_step, { token = "" }) => ({ stdin: token })),
  "remove-license": ownScript(() => ({})),
  "acquire-license": (_step, { machine }) => acquireLicense(machine),
};

/**
 * Runs one step. Whether it had its effect is seen by observing again.
 * @throws VGPU_STEP_FAILED, VGPU_TIMEOUT, VGPU_UNREACHABLE, VGPU_PACKAGE_MISMATCH
 */
export async function applyStep(step: SingleStep, context: StepContext): Promise<void> {
  if (!isOwn(step)) return changeSetting(step, context.machine);
  await (changes[step.kind] as Change<OwnKind>)(step, context);
}

function isOwn(step: SingleStep): step is StepOf<OwnKind> {
  return step.kind in changes;
}

/** Returns the change of a kind that has a script of its own name. */
function ownScript<Kind extends OwnKind>(
  values: (step: StepOf<Kind>, context: StepContext) => Omit<ChangingScript, "name">,
): Change<Kind> {
  return (step, context) =>
    change(context.machine, { ...values(step, context), name: (step as SingleStep).kind });
}

function claim(
  machine: Machine,
  { owner, nouveauLoaded }: { readonly owner: string; readonly nouveauLoaded: boolean },
  formerStacks: string,
) {
  const args = [machine.side, owner, nouveauLoaded ? "loaded" : "absent", formerStacks];
  return change(machine, { name: "claim", args });
}

async function reboot(context: StepContext): Promise<void> {
  const { machine, bootId, rebootDeadlineMs } = context;
  let told = 0;
  await rebootAndWait(machine.session, {
    bootId,
    deadlineMs: rebootDeadlineMs,
    guard: rebootGuard(machine.label),
    onWait: (elapsedMs) => {
      if (elapsedMs - told < 15_000) return;
      told = elapsedMs;
      machine.progress(`reboots since ${Math.round(elapsedMs / 1000)} s`);
    },
  });
}
