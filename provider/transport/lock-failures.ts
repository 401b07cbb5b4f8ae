import { VgpuError } from "../model/errors.js";
import { lastLines, seconds } from "./failures.js";
import type { ExecResult } from "./run-command.js";

/** Who holds the operation lock, from the file beside it. */
export interface LockHolder {
  readonly who: string;
  /** Of the process on the machine that keeps the lock. */
  readonly pid: string;
  /** ISO 8601, by the machine's clock. */
  readonly since: string;
  readonly token: string;
  /** The detached job that keeps the lock, if any. */
  readonly job: string | undefined;
}

/** Returns the holder from the fields of its line, `undefined` if nobody signed. */
export function parseHolder(fields: readonly string[]): LockHolder | undefined {
  const [who, pid, since, token, job] = fields;
  if (who === undefined || pid === undefined || since === undefined || token === undefined) return undefined;
  return { who, pid, since, token, job: job === "" ? undefined : job };
}

export function lockTimeout(target: string, holder: LockHolder | undefined, waitedMs: number): VgpuError {
  const kill =
    holder === undefined
      ? ""
      : `; if it is gone for good, end the process on the machine: kill ${holder.pid}`;
  return new VgpuError({
    code: "VGPU_LOCKED",
    where: target,
    what: "another run is changing this machine",
    saw: `${describe(holder)}, after ${seconds(waitedMs)} (/run/lock/pulumi-vgpu.lock)`,
    expected: "the end of that run",
    next: `run again when it has ended${kill}`,
  });
}

export function lockTaken(target: string, holder: LockHolder): VgpuError {
  return new VgpuError({
    code: "VGPU_LOCKED",
    where: target,
    what: "the lock was lost with the connection, and another run took it meanwhile",
    saw: `${describe(holder)} (/run/lock/pulumi-vgpu.lock)`,
    expected: "nobody else between two steps of one plan",
    next: "run again: the machine is observed anew and the rest is done",
    now: "the steps before this one are done",
  });
}

export function lockUnavailable(target: string, result: ExecResult): VgpuError {
  const missing = result.code === 69;
  return new VgpuError({
    code: missing ? "VGPU_PREREQUISITE" : "VGPU_STEP_FAILED",
    where: target,
    what: "cannot take the lock of this machine",
    saw: `exit code ${result.code}: ${lastLines(result.stderr) || "no output"} (hold-lock)`,
    expected: missing ? "the flock command" : "a lock file that root can write under /run/lock",
    next: missing ? "install util-linux on the machine" : "look at /run/lock on the machine, then run again",
  });
}

function describe(holder: LockHolder | undefined): string {
  if (holder === undefined) return "held by a process that left no name";
  const job = holder.job === undefined ? "" : `, job ${holder.job}`;
  return `held by ${holder.who}${job}, process ${holder.pid} since ${holder.since}`;
}
