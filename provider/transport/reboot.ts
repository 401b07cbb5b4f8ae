import { isVgpuError, type VgpuError } from "../model/errors.js";
import { lastLines } from "../model/evidence.js";
import { transportScript } from "./command/remote-script.js";
import { type CommandContext, runCommand } from "./command/run-command.js";
import { isPlanOutdated } from "./lock/lock-failures.js";
import { requireLock } from "./lock/lock-scope.js";
import {
  latenessText,
  rebootRefused,
  rebootTooLong,
  rebootTooSlow,
  tooLateToOrder,
  uptimeUnknown,
} from "./reboot-failures.js";
import { contextOf, type ExecResult, type Session } from "./session.js";

/** What to wait for. */
export interface RebootOptions {
  /** The boot's id before, from /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** Milliseconds for the whole reboot. */
  readonly deadlineMs: number;
  /** Milliseconds within which the reboot is ordered, or never, counted by the machine's own clock. @default 180000 */
  readonly orderMs?: number;
  /** Milliseconds after these within which the script answers. @default 60000 */
  readonly answerMs?: number;
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

/** How a request for a reboot ended. */
interface Asked {
  /** It is certain that the machine was told, or has rebooted: not where the connection went meanwhile. */
  readonly told: boolean;
  /** Until when a script may still order the reboot, by this process's clock. */
  readonly untilMs: number;
  /** Milliseconds for the order, where the script has not answered long after that. */
  readonly unanswered?: number;
}

/**
 * Reboots the machine, inside `withLock`, and returns when it answers from another boot and the lock is held again. When it
 * throws no script of it orders the reboot any more.
 * @throws VGPU_TIMEOUT, the guard's error, VGPU_STEP_FAILED when the machine refuses to reboot, VGPU_HOST_KEY when another key comes back
 */
export async function rebootAndWait(session: Session, options: RebootOptions): Promise<{ bootId: string }> {
  const context = contextOf(session);
  const { target } = context.machine;
  const began = performance.now();
  const endMs = began + options.deadlineMs;
  let asked = await requestReboot(session, options, { endMs });
  let last = "no answer";
  const mayGoOn = () => performance.now() < (asked.told ? endMs : Math.max(endMs, asked.untilMs + 1000));
  for (let looks = 0; mayGoOn(); looks++) {
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(250 * 1.4 ** looks, 2000) * (0.75 + Math.random() / 2)),
    );
    options.onWait?.(performance.now() - began);
    const remainingMs = endMs - performance.now();
    const seen = await look(context, Math.min(5000 + 1000 * looks, 20_000, Math.max(remainingMs, 1000)));
    if ("silence" in seen) last = seen.silence;
    else if (seen.bootId !== options.bootId) {
      await requireLock(context.machine, "reboot-machine").ensure();
      return { bootId: seen.bootId };
    } else if (asked.told && seen.refusal !== "") throw refusalOf(target, seen.refusal, options);
    else if (asked.unanswered !== undefined)
      throw rebootTooSlow(target, `no answer; still boot ${seen.bootId}`, asked.unanswered);
    else {
      last = `still boot ${seen.bootId}`;
      // The script may have gone with the connection: only what is asked again is certain to have been asked, and a refusal
      // may be that of an earlier run.
      if (!asked.told && performance.now() < endMs)
        asked = await requestReboot(session, options, { endMs, before: asked });
    }
  }
  throw rebootTooLong(target, { saw: last, told: asked.told }, options.deadlineMs);
}

const orderMsOf = ({ orderMs = 180_000 }: RebootOptions): number => orderMs;

function refusalOf(target: string, refusal: string, options: RebootOptions): VgpuError {
  return refusal.startsWith(tooLateToOrder)
    ? rebootTooSlow(target, refusal, orderMsOf(options))
    : rebootRefused(target, refusal);
}

/** The exit code of a script that did not reboot because of its guard; of one that did not since its time was over. */
const held = 76;
const late = 77;

interface Limit {
  readonly orderMs: number;
  readonly untilMs: number;
  /** The same by the machine's clock: the first second since its boot in which nothing is ordered any more. */
  readonly second: number;
}

/** Returns until when the reboot may be ordered, by the machine's own clock: its script knows that however long it is on its way. */
async function limitFor(session: Session, options: RebootOptions, endMs: number): Promise<Limit> {
  const request = { script: transportScript("read-boot-id"), deadlineMs: 30_000 };
  const { stdout } = await session.exec(request);
  const { uptime } = parseBoot(stdout);
  if (uptime === undefined) throw uptimeUnknown(session.target, stdout);
  const now = performance.now();
  const orderMs = Math.max(1000, Math.min(orderMsOf(options), endMs - now));
  return { orderMs, untilMs: now + orderMs + 1000, second: Math.ceil(uptime + orderMs / 1000) };
}

/** @param before how the request before this one ended; its script may be at work, and holds the change lock for as long */
async function requestReboot(
  session: Session,
  options: RebootOptions,
  { endMs, before }: { readonly endMs: number; readonly before?: Asked },
): Promise<Asked> {
  const { name, text } = transportScript("reboot-machine");
  let limit: Limit | undefined;
  let result: ExecResult;
  try {
    limit = await limitFor(session, options, endMs);
    result = await session.change({
      script: { name, text: options.guard.text + text },
      args: [options.bootId, String(limit.second)],
      deadlineMs: limit.orderMs + (options.answerMs ?? 60_000),
    });
  } catch (error) {
    if (!isUncertain(error, before)) throw error;
    const untilMs = Math.max(before?.untilMs ?? 0, limit?.untilMs ?? 0);
    if (limit === undefined || performance.now() < limit.untilMs || !isTimeout(error))
      return { told: false, untilMs };
    return { told: false, untilMs, unanswered: limit.orderMs };
  }
  const { code, stdout, stderr } = result;
  if (code === held) throw options.guard.refusal(stdout);
  if (code === late) throw rebootTooSlow(session.target, latenessText(stdout), limit.orderMs);
  if (code !== 0) throw rebootRefused(session.target, lastLines(stderr) || `exit code ${code}`);
  return { told: true, untilMs: limit.untilMs };
}

/** Whether the script may have begun and be at work, or one before it. */
function isUncertain(error: unknown, before: Asked | undefined): boolean {
  if (before !== undefined) return isSilence(error) || isPlanOutdated(error);
  return isTimeout(error) || (isSilence(error) && error.parts.now !== undefined);
}

type Look =
  | { readonly bootId: string; readonly uptime: number | undefined; readonly refusal: string }
  | { readonly silence: string };

async function look(context: CommandContext, timeoutMs: number): Promise<Look> {
  const terms = { ...context.terms, deadlineMs: timeoutMs, afterReboot: true };
  try {
    const request = { script: transportScript("read-boot-id"), deadlineMs: timeoutMs };
    const { code, stdout } = await runCommand({ ...context, terms }, request);
    if (code !== 0) return { silence: `exit code ${code} (read-boot-id)` };
    const seen = parseBoot(stdout);
    return seen.bootId === "" ? { silence: "an answer without a boot id" } : seen;
  } catch (error) {
    if (!isSilence(error)) throw error;
    // What went down with the machine does not always say so: the next look dials anew.
    context.machine.drop();
    return { silence: error.parts.saw };
  }
}

/** Returns what read-boot-id says. */
function parseBoot(stdout: string): { bootId: string; uptime: number | undefined; refusal: string } {
  const [bootId = "", clock = "", ...refusal] = stdout.trim().split("\n");
  const uptime = /^\d{1,10}(?:\.\d{1,3})? \d/.test(clock) ? Number.parseFloat(clock) : undefined;
  return { bootId, uptime, refusal: lastLines(refusal.join("\n")) };
}

function isTimeout(error: unknown): error is VgpuError {
  return isVgpuError(error) && error.code === "VGPU_TIMEOUT";
}

function isSilence(error: unknown): error is VgpuError {
  return isTimeout(error) || (isVgpuError(error) && error.code === "VGPU_UNREACHABLE");
}
