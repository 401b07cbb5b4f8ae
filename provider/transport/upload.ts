import { createHash } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import type { ClientChannel } from "ssh2";
import { VgpuError } from "../model/errors.js";
import { lastLines } from "./failures.js";
import { startAnew } from "./guarded-command.js";
import { requireLock } from "./lock-scope.js";
import { guardedScript, notBegun } from "./lock-scripts.js";
import { transportScript } from "./remote-script.js";
import { type CommandContext, type ExecResult, startCommand } from "./run-command.js";

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
}

/** See Session.upload. The file is streamed to `<remotePath>.part`, hashed on the machine, synced and renamed. */
export async function uploadFile(context: CommandContext, request: UploadRequest): Promise<void> {
  const file = await openLocal(context, request);
  try {
    const script = transportScript("receive-file");
    const { token } = requireLock(context.machine, script.name);
    const args = [request.remotePath, request.sha256];
    const { channel, result } = await startCommand(context, {
      ...guardedScript({ script, args }, token, null),
      deadlineMs: Number.POSITIVE_INFINITY,
    });
    let sent: string | undefined;
    if ((await firstLine(channel)) === "want") sent = await stream(file, channel, request);
    channel.end();
    const ended = await result;
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

/** Returns the first line, or what came if the channel closed before its end. */
function firstLine(channel: ClientChannel): Promise<string> {
  return new Promise((resolve) => {
    let seen = "";
    const done = () => {
      channel.off("data", take);
      channel.off("close", done);
      resolve(seen.split("\n")[0] ?? "");
    };
    const take = (chunk: Buffer) => {
      seen += chunk.toString("utf8");
      if (seen.includes("\n")) done();
    };
    channel.on("data", take);
    channel.on("close", done);
  });
}

/** Sends the file and returns the hash of what was read. */
async function stream(file: FileHandle, channel: ClientChannel, request: UploadRequest): Promise<string> {
  const total = (await file.stat()).size;
  const hash = createHash("sha256");
  let done = 0;
  let closed = false;
  const close = once(channel, "close").then(() => {
    closed = true;
  });
  for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 })) {
    if (closed) break;
    hash.update(chunk as Buffer);
    if (!channel.write(chunk)) await Promise.race([once(channel, "drain"), close]);
    done += (chunk as Buffer).length;
    request.onProgress?.(done, total);
  }
  return hash.digest("hex");
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
