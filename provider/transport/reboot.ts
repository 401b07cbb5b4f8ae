import { isVgpuError, VgpuError } from "../model/errors.js";
import { lastLines, seconds } from "./failures.js";
import { isPlanOutdated } from "./lock-failures.js";
import { requireLock } from "./lock-scope.js";
import { transportScript } from "./remote-script.js";
import { type CommandContext, runCommand } from "./run-command.js";
import { contextOf, type Session } from "./session.js";

/** What to wait for. */
export interface RebootOptions {
  /** The boot's id before, from /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** Milliseconds for the whole reboot. */
  readonly deadlineMs: number;
  /** Looks once more at what the reboot would end, in the very script that reboots. */
  readonly guard: RebootGuard;
  /** Called at each look at the machine. */
  readonly onWait?: (elapsedMs: number) => void;
}

/** What keeps a machine from being rebooted. */
export interface RebootGuard {
  /** Defines the shell function look_at_processes, which leaves `$vms` and `$unread` empty where the reboot may be. */
  readonly text: string;
  /** Returns the error for what that function printed. */
  refusal(printed: string): VgpuError;
}

/**
 * Reboots the machine, inside `withLock`, and returns when it answers from another boot and the lock is held again.
 * @throws VGPU_TIMEOUT, the guard's error, VGPU_STEP_FAILED when the machine refuses to reboot, VGPU_HOST_KEY when another key comes back
 */
export async function rebootAndWait(session: Session, options: RebootOptions): Promise<{ bootId: string }> {
  const context = contextOf(session);
  const began = performance.now();
  let asked = await requestReboot(session, options);
  let last = "no answer";
  for (let looks = 0; performance.now() - began < options.deadlineMs; looks++) {
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(250 * 1.4 ** looks, 2000) * (0.75 + Math.random() / 2)),
    );
    options.onWait?.(performance.now() - began);
    const remainingMs = options.deadlineMs - (performance.now() - began);
    const seen = await look(context, Math.min(5000 + 1000 * looks, 20_000, Math.max(remainingMs, 1000)));
    if ("silence" in seen) last = seen.silence;
    else if (seen.bootId !== options.bootId) {
      await requireLock(context.machine, "reboot-machine").ensure();
      return { bootId: seen.bootId };
    } else if (asked && seen.refusal !== "") throw refused(context, seen.refusal);
    else {
      last = `still boot ${seen.bootId}`;
      // The script may have gone with the connection: only what is asked again is certain to have been asked, and a refusal
      // may be that of an earlier run.
      asked ||= await requestAgain(session, options);
    }
  }
  const now = asked
    ? "the machine was told to reboot"
    : "whether the machine was told to reboot is not known";
  throw tooLong(context, { saw: last, now }, options.deadlineMs);
}

/** The exit code of a script that did not reboot because of its guard. */
const held = 76;

/** Returns whether it is certain that the machine was told, or has rebooted: not where the connection went meanwhile. */
async function requestReboot(session: Session, { bootId, guard }: RebootOptions): Promise<boolean> {
  const { name, text } = transportScript("reboot-machine");
  try {
    const { code, stdout, stderr } = await session.change({
      script: { name, text: guard.text + text },
      args: [bootId],
      deadlineMs: 60_000,
    });
    if (code === held) throw guard.refusal(stdout);
    if (code !== 0) throw refused(contextOf(session), lastLines(stderr) || `exit code ${code}`);
    return true;
  } catch (error) {
    const uncertain =
      isVgpuError(error) && error.code === "VGPU_UNREACHABLE" && error.parts.now !== undefined;
    if (!uncertain) throw error;
    return false;
  }
}

/** The same where a first request may be at work: it holds the change lock until the machine is told, and then goes down. */
async function requestAgain(session: Session, options: RebootOptions): Promise<boolean> {
  try {
    return await requestReboot(session, options);
  } catch (error) {
    if (!isSilence(error) && !isPlanOutdated(error)) throw error;
    return false;
  }
}

type Look = { readonly bootId: string; readonly refusal: string } | { readonly silence: string };

async function look(context: CommandContext, timeoutMs: number): Promise<Look> {
  const terms = { ...context.terms, deadlineMs: timeoutMs, afterReboot: true };
  try {
    const request = { script: transportScript("read-boot-id"), deadlineMs: timeoutMs };
    const { stdout } = await runCommand({ ...context, terms }, request);
    const [bootId = "", ...refusal] = stdout.trim().split("\n");
    return bootId === ""
      ? { silence: "an answer without a boot id" }
      : { bootId, refusal: lastLines(refusal.join("\n")) };
  } catch (error) {
    if (!isSilence(error)) throw error;
    // What went down with the machine does not always say so: the next look dials anew.
    context.machine.drop();
    return { silence: error.parts.saw };
  }
}

function isSilence(error: unknown): error is VgpuError {
  return isVgpuError(error) && (error.code === "VGPU_UNREACHABLE" || error.code === "VGPU_TIMEOUT");
}

function refused(context: CommandContext, saw: string): VgpuError {
  return new VgpuError({
    code: "VGPU_STEP_FAILED",
    where: context.machine.target,
    what: "the machine does not reboot",
    saw: `${saw} (systemctl reboot)`,
    expected: "a reboot",
    next: "remove what holds the reboot back, or reboot the machine by hand, then run again",
  });
}

function tooLong(context: CommandContext, end: { saw: string; now: string }, deadlineMs: number): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: context.machine.target,
    what: `the machine did not come back within ${seconds(deadlineMs)}`,
    expected: "an answer from a new boot",
    next: "look at the machine's console, then run again",
    ...end,
  });
}
