import { createHash } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { VgpuError } from "../../model/errors.js";
import { lastLines, seconds } from "../../model/evidence.js";
import { ownFolder, transportScript } from "../command/remote-script.js";
import {
  type CommandContext,
  type ExecResult,
  type RunningCommand,
  startCommand,
} from "../command/run-command.js";
import { within } from "../link/within.js";
import { startAnew } from "./guarded-command.js";
import { requireLock } from "./lock-scope.js";
import { guardedScript, notBegun } from "./lock-scripts.js";

/** One file to put on a machine. */
export interface UploadRequest {
  /** Local path. */
  readonly path: string;
  /** Absolute path on the machine. */
  readonly remotePath: string;
  /** Of the whole file, 64 hexadecimal digits, lower case. */
  readonly sha256: string;
  /** Called as bytes are sent. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Milliseconds without a byte that moves, or without an answer beyond the time that the disk may take. @default 120000 */
  readonly stallMs?: number;
}

const defaultStallMs = 120_000;
/** Slower than this nobody waits for: bytes in a millisecond, over the network and on the machine's disk. */
const slowestNetwork = 32;
const slowestDisk = 5_000;

/** See Session.upload. The file is streamed to `<remotePath>.part`, hashed on the machine, synced and renamed. */
export async function uploadFile(context: CommandContext, request: UploadRequest): Promise<void> {
  const file = await openLocal(context, request);
  try {
    const total = (await file.stat()).size;
    const stallMs = request.stallMs ?? defaultStallMs;
    const diskMs = stallMs + total / slowestDisk;
    const { name, text } = transportScript("receive-file");
    const script = { name, text: ownFolder() + text };
    const { token } = requireLock(context.machine, script.name);
    const running = await startCommand(context, {
      ...guardedScript({ script, args: [request.remotePath, request.sha256] }, token, null),
      deadlineMs: 2 * diskMs + total / slowestNetwork,
    });
    const late = (saw: string) => {
      const error = uploadStalled(context.machine.target, request.path, {
        saw,
        remotePath: request.remotePath,
      });
      running.stop(error);
      return error;
    };
    const question = () => late(`no answer within ${seconds(diskMs)} to whether it is there (receive-file)`);
    const answer = await within(firstLine(running), diskMs, question);
    const sent =
      answer === "want" ? await new Sending(file, running, { request, total, late }).run() : undefined;
    running.channel.end();
    const end = () => late(`all of it was sent, no answer within ${seconds(diskMs)} (receive-file)`);
    const ended = await within(running.result, diskMs, end);
    const reason = notBegun(ended);
    if (reason !== undefined) await startAnew(context, script.name, reason);
    judge(context, request, ended, sent);
  } finally {
    await file.close();
  }
}

async function openLocal(context: CommandContext, request: UploadRequest): Promise<FileHandle> {
  try {
    return await open(request.path);
  } catch (error) {
    throw new VgpuError({
      code: "VGPU_INPUT",
      where: context.machine.target,
      what: `cannot upload ${request.path}`,
      saw: `the file cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"} (open)`,
      expected: "a file that this user may read",
      next: "correct the path, relative to the folder in which Pulumi runs",
    });
  }
}

/** No answer of receive-file is longer, bytes. */
const longestAnswer = 1024;

/** Returns the first line, or what came if the channel closed before its end. */
function firstLine(running: RunningCommand): Promise<string> {
  return new Promise((resolve) => {
    let seen = "";
    const done = () => {
      running.channel.off("close", done);
      resolve(seen.split("\n")[0] ?? "");
    };
    const take = (chunk: Buffer) => {
      if (seen.includes("\n") || seen.length >= longestAnswer) return;
      seen += chunk.toString("utf8", 0, longestAnswer);
      if (seen.includes("\n") || seen.length >= longestAnswer) done();
    };
    running.listen(take);
    running.channel.on("close", done);
  });
}

interface SendingTerms {
  readonly request: UploadRequest;
  readonly total: number;
  readonly late: (saw: string) => Error;
}

/** One file on its way into a channel. */
class Sending {
  private done = 0;
  private closed = false;

  constructor(
    private readonly file: FileHandle,
    private readonly running: RunningCommand,
    private readonly terms: SendingTerms,
  ) {}

  /** Sends the file and returns the hash of what was read. */
  async run(): Promise<string> {
    const { channel } = this.running;
    const { request, total } = this.terms;
    const hash = createHash("sha256");
    const end = () => {
      this.closed = true;
    };
    const close = once(channel, "close").then(end, end);
    for await (const chunk of this.file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 })) {
      if (this.closed) break;
      hash.update(chunk as Buffer);
      if (!channel.write(chunk)) await this.drained(close);
      this.done += (chunk as Buffer).length;
      request.onProgress?.(this.done, total);
    }
    return hash.digest("hex");
  }

  private async drained(close: Promise<void>): Promise<void> {
    const { request, total, late } = this.terms;
    const stallMs = request.stallMs ?? defaultStallMs;
    const stalled = () =>
      late(`no byte of it moved for ${seconds(stallMs)}, after ${this.done} of ${total} bytes (SSH channel)`);
    await within(Promise.race([once(this.running.channel, "drain"), close]), stallMs, stalled);
  }
}

function judge(
  context: CommandContext,
  request: UploadRequest,
  result: ExecResult,
  sent: string | undefined,
): void {
  if (result.code === 0) return;
  const { target } = context.machine;
  const arrived = result.stdout.trim().split("\n")[1];
  if (result.code !== 3) {
    throw new VgpuError({
      code: "VGPU_STEP_FAILED",
      where: target,
      what: `cannot write ${request.remotePath}`,
      saw: `exit code ${result.code}: ${lastLines(result.stderr) || "no output"} (receive-file)`,
      expected: "room and permission for the file on the machine",
      next: "make room on the machine, then run again",
      now: `${request.remotePath}.part may exist`,
    });
  }
  const damaged = sent === request.sha256;
  throw new VgpuError({
    code: "VGPU_PACKAGE_MISMATCH",
    where: target,
    what: damaged ? `${request.path} arrived damaged` : `${request.path} is not the declared file`,
    saw: `sha256 ${arrived ?? "unknown"} (sha256sum on the machine)`,
    expected: `sha256 ${request.sha256}`,
    next: damaged ? "run again" : "download the file anew, or correct its sha256",
  });
}

/** The failure of an upload that stands still, or is slower than anybody waits for. */
function uploadStalled(
  target: string,
  path: string,
  seen: { readonly saw: string; readonly remotePath: string },
): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: `cannot upload ${path}`,
    saw: seen.saw,
    expected: "a machine that takes the file",
    next: "look at the network and at the machine's disk, then run again",
    now: `${seen.remotePath}.part may exist`,
  });
}
