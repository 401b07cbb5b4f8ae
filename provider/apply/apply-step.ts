import type { Step, VgpuStep } from "../plan/steps.js";
import { rebootAndWait } from "../transport/reboot.js";
import { bootUnit, restoreScript } from "./boot-unit.js";
import { copyPackage, installDriver, uninstallDriver, uploadPackage } from "./driver-steps.js";
import { acquireLicense } from "./license-step.js";
import { type ChangingScript, change, type Machine } from "./machine.js";
import { rebootGuard } from "./reboot-guard.js";
import { changeVfs } from "./vf-steps.js";

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

/**
 * Runs one step. Whether it had its effect is seen by observing again.
 * @throws VGPU_STEP_FAILED, VGPU_TIMEOUT, VGPU_UNREACHABLE, VGPU_PACKAGE_MISMATCH
 */
export async function applyStep(step: SingleStep, context: StepContext): Promise<void> {
  const { machine } = context;
  switch (step.kind) {
    case "claim-host":
    case "claim-guest": {
      const former = step.kind === "claim-host" ? step.formerStacks.join(" ") : "";
      const args = [machine.side, step.owner, step.nouveauLoaded ? "loaded" : "absent", former];
      await change(machine, { name: "claim", args });
      return;
    }
    case "release-host":
    case "release-guest":
      await change(machine, { name: "release", args: [machine.side] });
      return;
    case "upload-package":
      return uploadPackage(machine, step.package);
    case "copy-package":
      return copyPackage(machine, step.package);
    case "install-driver":
      return installDriver(machine, step);
    case "uninstall-driver":
      return uninstallDriver(machine, step.replacement);
    case "reboot-machine":
      return reboot(context);
    case "enable-vfs":
    case "disable-vfs":
      return changeVfs(machine, { name: step.kind, ...valuesOf(step, context) });
    case "acquire-license":
      return acquireLicense(machine);
    default:
      await change(machine, { name: step.kind, ...valuesOf(step, context) });
  }
}

function valuesOf(step: SingleStep, context: StepContext): Omit<ChangingScript, "name"> {
  switch (step.kind) {
    case "await-services":
      // One of them is our own unit, which changes the machine under the same lock.
      return { args: step.services, readsOnly: true };
    case "start-services":
      return { args: step.services };
    case "block-nouveau":
    case "unblock-nouveau":
      // They make the initramfs of every kernel anew: a busy machine was seen to take more than three minutes.
      return { deadlineMs: 900_000 };
    case "install-boot-unit":
      return { args: [bootUnit()], stdin: restoreScript() };
    case "enable-vfs":
      return { args: [step.gpu, String(step.count)], deadlineMs: 300_000 };
    case "disable-vfs":
      return { args: [step.gpu] };
    case "write-gridd-conf":
      return { args: [String(step.featureType)] };
    case "write-token":
      return { stdin: context.token ?? "" };
    default:
      return {};
  }
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
