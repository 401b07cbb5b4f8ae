import { VgpuError } from "../model/errors.js";
import { seconds } from "../model/evidence.js";

/** How the process that orders the reboot begins to say that the time for it was over. */
export const tooLateToOrder = "too late to be ordered";

/** The machine does not do what it was told. */
export function rebootRefused(target: string, saw: string): VgpuError {
  return new VgpuError({
    code: "VGPU_STEP_FAILED",
    where: target,
    what: "the machine does not reboot",
    saw: `${saw} (systemctl reboot)`,
    expected: "a reboot",
    next: "remove what holds the reboot back, or reboot the machine by hand, then run again",
  });
}

/** It was told, or may have been, and does not answer from another boot. */
export function rebootTooLong(
  target: string,
  end: { readonly saw: string; readonly told: boolean },
  deadlineMs: number,
): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: `the machine did not come back within ${seconds(deadlineMs)}`,
    saw: end.saw,
    expected: "an answer from a new boot",
    next: "look at the machine's console, then run again",
    now: end.told
      ? "the machine was told to reboot"
      : "whether the machine was told to reboot is not known; by now it is told no more",
  });
}

/** What goes before the order took so long that nobody would have waited for the reboot. */
export function rebootTooSlow(target: string, saw: string, orderMs: number): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: "the machine was not rebooted: what goes before the reboot took too long",
    saw: `${saw} (reboot-machine)`,
    expected: `its disks written and its processes looked at within ${seconds(orderMs)}`,
    next: "look for what holds the machine up: dmesg, and what is slow to write (/proc/pressure/io, NFS); then run again",
    now: "the machine was not rebooted, and this run's script does not reboot it later; what was done before stays, and the next run goes on from there",
  });
}

const stages: Readonly<Record<string, string>> = {
  begin: "its script began",
  sync: "its disks were written",
  look: "its processes were looked at",
};

/** Returns what the script says that did not reboot since the time for it was over. */
export function latenessText(printed: string): string {
  const [kind, stage = "", late = ""] = (printed.trim().split("\n").at(-1) ?? "").split("\t");
  const done = kind === "late" ? stages[stage] : undefined;
  if (done === undefined || !/^\d{1,10}$/.test(late))
    return "the machine's clock could not be read: /proc/uptime";
  return `${done} only ${late} s after the time for the order`;
}

/** The machine does not say how long it runs: no limit could be set to its reboot. */
export function uptimeUnknown(target: string, answer: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PROTOCOL",
    where: target,
    what: "cannot set the time for the reboot",
    saw: `${JSON.stringify(answer.slice(0, 200))} (read-boot-id: /proc/sys/kernel/random/boot_id, /proc/uptime)`,
    expected: "the boot's id, and the seconds since that boot",
    next: "run again; if it stays, see on the machine what these files say",
    now: "the machine was not rebooted; what was done before stays, and the next run goes on from there",
  });
}
