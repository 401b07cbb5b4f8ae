import { type ErrorParts, VgpuError } from "../../model/errors.js";
import { lastLines, seconds } from "../../model/evidence.js";
import type { ExecResult } from "../command/exec-request.js";
import { lockFolder, type NotBegun } from "./lock-scripts.js";

/** Who holds one of the machine's locks: a run, a script or job that changes something, a run of an older version. */
export interface LockHolder {
  readonly kind: "run" | "change" | "older";
  /** Of the process on the machine that has it, as the kernel says. */
  readonly pid: string | undefined;
  /** How long it has it, by the time since the machine's boot. */
  readonly ageMs: number | undefined;
  readonly token: string | undefined;
  /** The script, the job, or the beginning of the process's command line. */
  readonly what: string | undefined;
  readonly who: string | undefined;
}

const kinds = ["run", "change", "older"] as const;

/** Returns the holder from the fields of its line, `undefined` if nobody is known. */
export function parseHolder(fields: readonly string[]): LockHolder | undefined {
  const kind = kinds.find((one) => one === fields[0]);
  const [pid, age, token, what, who] = fields.slice(1).map((field) => (field === "-" ? undefined : field));
  if (kind === undefined || pid === undefined || !/^\d{1,10}$/.test(pid)) return undefined;
  const ageMs = age !== undefined && /^\d{1,10}$/.test(age) ? Number(age) * 1000 : undefined;
  return { kind, pid, ageMs, token, what: what?.trim(), who: who?.trim() };
}

export function lockTimeout(target: string, holder: LockHolder | undefined, waitedMs: number): VgpuError {
  const change = holder?.kind === "change";
  // Ending a run's process ends no change that is under way: that has a lock of its own.
  const kill =
    holder?.kind === "run" && holder.who !== undefined
      ? `; if it is gone for good, end its process on the machine: kill ${holder.pid}`
      : "";
  return new VgpuError({
    code: "VGPU_LOCKED",
    where: target,
    what: change ? "a script is still changing this machine" : "another run is changing this machine",
    saw: `${holderText(holder)}; waited ${seconds(waitedMs)} (${lockFile(holder)})`,
    expected: change ? "the end of that script" : "the end of that run",
    next: `run again when it has ended${kill}`,
  });
}

/** No channel for the question was to be had. */
export function lockUnasked(target: string, waitedMs: number): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: "cannot ask for the lock of this machine",
    saw: `no session for it within ${seconds(waitedMs)} (hold-lock)`,
    expected: "an SSH server that opens a session",
    next: "look at the machine's load and at its sshd (MaxSessions), then run again",
  });
}

export function lockUnavailable(target: string, result: ExecResult): VgpuError {
  const missing = result.code === 69;
  return new VgpuError({
    code: missing ? "VGPU_PREREQUISITE" : "VGPU_STEP_FAILED",
    where: target,
    what: "cannot take the lock of this machine",
    saw: `exit code ${result.code}: ${lastLines(result.stderr) || "no output"} (hold-lock)`,
    expected: missing ? "the flock command" : `a folder ${lockFolder} of root's with plain lock files`,
    next: missing
      ? "install util-linux on the machine"
      : `look at ${lockFolder} on the machine and remove what is not as expected, then run again`,
  });
}

const outdated = new WeakSet<object>();

const reasons: Readonly<Record<NotBegun, string>> = {
  busy: "another script of ours was still changing the machine",
  lost: "its run no longer held the lock of the machine",
  input: "its input did not arrive",
};

/** A script that did not begin, since what it was planned on may be no longer so. The lock was taken anew since. */
export function planOutdated(target: string, name: string, reason: NotBegun): VgpuError {
  const parts: ErrorParts = {
    code: "VGPU_LOCKED",
    where: target,
    what: `${name} did not begin`,
    saw: `${reasons[reason]} (exit code 75 of ${name})`,
    expected: "one script at a time, sent by the run that holds the lock",
    next: "run again: the machine is observed anew and the rest is done",
    now: `${name} changed nothing`,
  };
  const error = new VgpuError(parts);
  outdated.add(error);
  return error;
}

/** Another run had the lock while this one's connection or the machine's boot was gone. It is held again by now. */
export function lockTaken(target: string, holder: LockHolder): VgpuError {
  const ago = holder.ageMs === undefined ? "" : `, which began ${seconds(holder.ageMs)} ago`;
  const error = new VgpuError({
    code: "VGPU_LOCKED",
    where: target,
    what: "the lock was lost with the connection, and another run had it meanwhile",
    saw: `a run of ${holder.who ?? "nobody known"}${ago} (${lockFolder}/run.holder)`,
    expected: "nobody else between two steps of one plan",
    next: "run again: the machine is observed anew and the rest is done",
    now: "the steps before this one are done",
  });
  outdated.add(error);
  return error;
}

/** Whether the error says that nothing was done and that the machine is to be observed and planned for anew. */
export function isPlanOutdated(error: unknown): boolean {
  return typeof error === "object" && error !== null && outdated.has(error);
}

/** Returns e.g. `"held by infra/dev/gpu-01: block-nouveau, process 4711, for 12 s"`. */
export function holderText(holder: LockHolder | undefined): string {
  if (holder === undefined) return "held by a process that is not known";
  const { kind, pid, what, who, ageMs } = holder;
  const age = ageMs === undefined ? "" : `, for ${seconds(ageMs)}`;
  if (kind === "older") return `held by a run of an older version, process ${pid}${age}`;
  if (who === undefined) return `held by process ${pid}${what === undefined ? "" : ` (${what})`}${age}`;
  return `held by ${who}${what === undefined ? "" : `: ${what}`}, process ${pid}${age}`;
}

function lockFile(holder: LockHolder | undefined): string {
  if (holder?.kind === "older") return "/run/lock/pulumi-vgpu.lock";
  return `${lockFolder}/${holder?.kind ?? "run"}.lock`;
}
