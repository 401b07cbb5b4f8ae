// One exec request: runs it in the machine, streams it, logs it, and lets it go wrong as asked.
import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";
import type { InsideProcess } from "./processes.js";
import type { CommandRecord, FaultRule } from "./protocol.js";

/** What a session asks of its machine. */
export interface SessionHost {
  spawnShell(command: string, user: string): Promise<InsideProcess>;
  /** Awaited after the command ended and before its result is sent. */
  finished(record: CommandRecord): Promise<void>;
  losePower(): void;
  exists(path: string): boolean;
  restart(): void;
}

export interface SessionRequest {
  readonly record: CommandRecord;
  readonly fault: FaultRule["action"] | undefined;
  readonly cut: () => void;
}

/** Serves one command on `channel` until its result is sent or its connection gone. */
export function serveCommand(channel: ServerChannel, request: SessionRequest, host: SessionHost): void {
  const { record, fault } = request;
  channel.on("error", () => {});
  channel.once("close", () => {
    if (record.outcome === "running") record.outcome = "dropped";
    record.durationMs ??= Date.now() - record.startedAt;
  });
  if (fault?.kind === "hang") {
    record.outcome = "hung";
    channel.resume();
    return;
  }
  if (fault?.kind === "fail") {
    failAsScript(channel, record, fault);
    return;
  }
  if (happens(fault, "before")) strike(fault, request, host);
  // It cannot start where the power has just gone.
  else run(channel, request, host).catch(() => request.cut());
}

/** The command's script began and failed: what it says stands between the marks that it would have printed. */
function failAsScript(
  channel: ServerChannel,
  record: CommandRecord,
  { code, stderr = "" }: Extract<FaultRule["action"], { kind: "fail" }>,
): void {
  const [, token] = /vgpu-begin ([0-9a-f]+)/.exec(record.command) ?? [];
  channel.stderr.write((token === undefined ? "" : `vgpu-errors-${token}\n`) + stderr);
  if (token !== undefined) channel.write(`vgpu-begin-${token}\nvgpu-end-${token} ${code}\n`);
  answer(channel, record, code);
}

type Disruption = Extract<FaultRule["action"], { when: string }>;

const happens = (fault: FaultRule["action"] | undefined, when: Disruption["when"]): fault is Disruption =>
  fault !== undefined && "when" in fault && fault.when === when;

function strike(fault: Disruption, request: SessionRequest, host: SessionHost): void {
  request.record.outcome = "dropped";
  if (fault.kind === "drop") request.cut();
  else if (fault.kind === "power-loss") host.losePower();
  else host.restart();
}

async function run(channel: ServerChannel, request: SessionRequest, host: SessionHost): Promise<void> {
  const { record, fault } = request;
  const child = await host.spawnShell(record.command, record.user);
  const sent = connectStreams(channel, child, record);
  const forget = happens(fault, "middle") ? strikeLater(fault, request, host) : () => {};
  const { code, signal } = await child.closed;
  forget();
  record.durationMs = Date.now() - record.startedAt;
  record.code = code;
  // A command that ended before its "middle" came is struck now: the rule was to lose this answer.
  if (happens(fault, "middle") && record.outcome === "running") return strike(fault, request, host);
  await sent();
  await host.finished(record);
  if (happens(fault, "after")) return strike(fault, request, host);
  answer(channel, record, code, signal);
}

/** Strikes in the middle of a command that has begun; returns what calls it off. */
function strikeLater(fault: Disruption, request: SessionRequest, host: SessionHost): () => void {
  const { onceThere, afterMs = 30 } = fault;
  let timer: NodeJS.Timeout;
  const look = () => {
    if (onceThere === undefined || host.exists(onceThere))
      timer = setTimeout(() => strike(fault, request, host), afterMs);
    else timer = setTimeout(look, 5);
  };
  look();
  return () => clearTimeout(timer);
}

function connectStreams(
  channel: ServerChannel,
  child: InsideProcess,
  record: CommandRecord,
): () => Promise<void> {
  channel.on("data", (data: Buffer) => {
    record.bytesIn += data.length;
  });
  channel.pipe(child.stdin);
  // What comes after the command stopped reading is dropped, so that the channel can close.
  child.stdin.once("close", () => channel.resume());
  const outputs = new Outputs((bytes) => {
    record.bytesOut += bytes;
  });
  outputs.carry(child.stdout, channel);
  outputs.carry(child.stderr, channel.stderr);
  channel.on("signal", (name: string) => child.signal(`SIG${name}` as NodeJS.Signals));
  const gone = new Promise<void>((resolve) => channel.once("close", () => resolve()));
  channel.once("close", () => {
    // As sshd without a terminal: the command is not killed, its pipes are closed.
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  return () => Promise.race([outputs.sent(), gone]);
}

/**
 * Carries both outputs, one chunk at a time: when both wait for the window ssh2 wakes one of them only, and it closes
 * a channel without the standard error that still waits.
 */
class Outputs {
  private tail: Promise<unknown> = Promise.resolve();
  private readonly count: (bytes: number) => void;

  constructor(count: (bytes: number) => void) {
    this.count = count;
  }

  carry(source: Readable, sink: Writable): void {
    source.on("data", (data: Buffer) => {
      source.pause();
      this.count(data.length);
      this.tail = this.tail
        .then(() => new Promise((done) => sink.write(data, done)))
        .then(() => source.resume());
    });
  }

  /** Never, when the connection is gone before. */
  async sent(): Promise<void> {
    await this.tail;
  }
}

function answer(channel: ServerChannel, record: CommandRecord, code: number, signal?: NodeJS.Signals): void {
  if (record.outcome !== "running") return;
  record.outcome = "answered";
  record.code = code;
  record.durationMs ??= Date.now() - record.startedAt;
  if (signal) channel.exit(signal.replace(/^SIG/, ""), false, "");
  else channel.exit(code);
  channel.end();
}
