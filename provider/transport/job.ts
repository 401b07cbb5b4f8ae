import { createHash, randomUUID } from "node:crypto";
import { isVgpuError, VgpuError } from "../model/errors.js";
import { lastLines, seconds } from "../model/evidence.js";
import { shellProgram } from "./command/command-line.js";
import { type RemoteScript, transportScript } from "./command/remote-script.js";
import { type CommandContext, runCommand } from "./command/run-command.js";
import { startAnew } from "./lock/guarded-command.js";
import { heldLock } from "./lock/lock-scope.js";
import { jobsPath, lockScript } from "./lock/lock-scripts.js";
import { lockOf, withLock } from "./lock.js";
import { contextOf, type Session } from "./session.js";

/** Long work on a machine, which a lost connection does not end. */
export interface Job {
  /** The same for the same work, e.g. `"install-550.127.06"`: a second call takes up the one that runs. */
  readonly id: string;
  readonly script: RemoteScript;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** Milliseconds from its start until the wait is given up; the job itself goes on. */
  readonly deadlineMs: number;
  /** The longest silence between two looks, milliseconds; the end is seen at once. @default 5000 */
  readonly pollMs?: number;
  /** Gets the last output, up to 4 KiB, at each look. */
  readonly onPoll?: (tail: string) => void;
}

/**
 * Runs a script detached on the machine and returns its exit code and the last 64 KiB of its output. It runs under the
 * machine's operation lock, which it keeps when this process or the connection goes. A job of that id that still runs
 * is taken up; one that ended before the call is run again, since whoever calls has seen that it is still needed.
 * @throws VGPU_TIMEOUT, VGPU_STEP_FAILED when it ended without an exit code, and what `Session.exec` throws
 */
export function runJob(session: Session, job: Job): Promise<{ code: number; output: string }> {
  return withLock(session, `job ${job.id}`, () => new JobRun(contextOf(session), job).run());
}

class JobRun {
  private readonly name: string;
  private readonly token = randomUUID();
  private until = Number.POSITIVE_INFINITY;

  constructor(
    private readonly context: CommandContext,
    private readonly job: Job,
  ) {
    this.name = folderName(job.id);
  }

  async run(): Promise<{ code: number; output: string }> {
    let state = await this.prepare();
    let output = "";
    let starts = 0;
    while (performance.now() < this.until) {
      if (state === "ready") {
        if (starts++ > 3) throw this.ended("it could not be started", "");
        const answer = await lockOf(this.context.machine).start(this.name);
        if (answer === "busy") await startAnew(this.context, this.job.script.name, "busy");
        // Whether the start arrived is for the next look to say: starting again unseen could run the work twice.
        state = "started";
      }
      // From here on: what comes before has limits of its own, and a job that was never started is not late.
      if (this.until === Number.POSITIVE_INFINITY) this.until = performance.now() + this.job.deadlineMs;
      const answer = await this.poll();
      if (answer === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      ({ state, output } = answer);
      this.job.onPoll?.(output);
      if (state === "died") throw this.ended("it was killed", output);
      if (state === "none") throw this.ended("the machine was rebooted", output);
      if (state.startsWith("done ")) {
        await heldLock(this.context.machine)?.ensure();
        return { code: Number(state.slice(5)), output };
      }
    }
    throw this.timeout(output);
  }

  /** Not repeated by itself when the connection goes: the caller's next run does. */
  private async prepare(): Promise<string> {
    const { job } = this;
    const args = [
      `${jobsPath}/${this.name}`,
      this.token,
      shellProgram(job.script, job.args ?? []),
      transportScript("run-job").text,
    ];
    await heldLock(this.context.machine)?.ensure();
    const script = lockScript("prepare-job");
    const { code, stdout, stderr } = await runCommand(this.context, { script, args, stdin: job.stdin ?? "" });
    if (code !== 0) throw this.ended(`exit code ${code}: ${lastLines(stderr)} (prepare-job)`, "");
    return stdout.trim();
  }

  /** `undefined` while the machine does not answer, which the job does not mind. */
  private async poll(): Promise<{ state: string; output: string } | undefined> {
    const waitMs = Math.max(0, Math.min(this.job.pollMs ?? 5000, this.until - performance.now()));
    const args = [`${jobsPath}/${this.name}`, String(Math.ceil(waitMs / 1000))];
    try {
      const script = transportScript("poll-job");
      const { code, stdout } = await runCommand(this.context, { script, args, deadlineMs: waitMs + 30_000 });
      // Killed, as in a machine that goes down.
      if (code >= 128) return undefined;
      const end = stdout.indexOf("\n");
      return { state: stdout.slice(0, end), output: stdout.slice(end + 1) };
    } catch (error) {
      if (isVgpuError(error) && (error.code === "VGPU_UNREACHABLE" || error.code === "VGPU_TIMEOUT"))
        return undefined;
      throw error;
    }
  }

  private timeout(output: string): VgpuError {
    return new VgpuError({
      code: "VGPU_TIMEOUT",
      where: this.context.machine.target,
      what: `${this.job.script.name} did not end within ${seconds(this.job.deadlineMs)}`,
      saw: lastLines(output) || "no output",
      expected: `the end of job ${this.job.id}`,
      next: "run again: the job goes on meanwhile, and the next run waits for it",
      now: `job ${this.job.id} may still be running, in ${jobsPath}/${this.name} on the machine`,
    });
  }

  private ended(reason: string, output: string): VgpuError {
    return new VgpuError({
      code: "VGPU_STEP_FAILED",
      where: this.context.machine.target,
      what: `${this.job.script.name} ended without an exit code`,
      saw: [reason, lastLines(output)].filter((part) => part !== "").join(": "),
      expected: `the end of job ${this.job.id}`,
      next: "run again: the machine is observed anew and the rest is done",
      now: `${this.job.script.name} may be half done`,
    });
  }
}

/** A folder's name that no id can lead out of, readable for ordinary ids. */
function folderName(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(id)) return id;
  return `job-${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
}
