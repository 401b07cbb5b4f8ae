import type { Connection } from "../model/connection.js";
import { redactLater } from "../model/errors.js";
import type { BecomeRoot } from "./command/command-line.js";
import { type CommandContext, type ExecRequest, type ExecResult, runCommand } from "./command/run-command.js";
import { dialSeconds, type Route } from "./config/route.js";
import { routeTarget } from "./config/ssh-alias.js";
import { runChange } from "./lock/guarded-command.js";
import { heldLock } from "./lock/lock-scope.js";
import { type UploadRequest, uploadFile } from "./lock/upload.js";
import type { Machine } from "./machine/machine.js";
import { closeMachines, machineFor } from "./machine/pool.js";
import type { Transport } from "./machine/transport-choice.js";
import { untold, wayNotes } from "./machine/way-notes.js";
import { wayOf } from "./trust/accepted-keys.js";

export type { ExecRequest, ExecResult } from "./command/run-command.js";

/** A machine to run commands on, as root. Cheap: all sessions of one host, user and port share one connection. */
export interface Session {
  /** For messages, e.g. `"root@gpu-01.lab:22"`. */
  readonly target: string;
  /**
   * Runs one script: exactly one channel, one round trip. Never runs it twice.
   * @throws VGPU_UNREACHABLE (with `now` when the command may have run), VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO,
   * VGPU_TIMEOUT, VGPU_PROTOCOL when it prints without end
   */
  exec(request: ExecRequest): Promise<ExecResult>;
  /**
   * Runs one script that changes the machine, inside `withLock`: it holds the machine's change lock for as long as it
   * and what it starts run, whatever becomes of this process.
   * @throws as `exec`; VGPU_LOCKED; an error for which `isPlanOutdated` holds when it did not begin
   */
  change(request: ExecRequest): Promise<ExecResult>;
  /**
   * Puts a local file on the machine, inside `withLock` (mode 0600, missing folders 0700); one that is there with that hash stays.
   * @throws VGPU_PACKAGE_MISMATCH when the file's hash is another, VGPU_INPUT when it cannot be read, VGPU_TIMEOUT when
   * the machine stops taking it
   */
  upload(request: UploadRequest): Promise<void>;
  /** What the machine cost so far; `maxChannels` is the most that were open at once. */
  counters(): { connections: number; roundTrips: number; maxChannels: number };
  /** The verified host key, `"ssh-ed25519 AAAA…"`; `undefined` before the first command. */
  hostKey(): string | undefined;
  /** The same with the way over which it was shown, `"ssh-ed25519 AAAA… gpu-01.lab:22 via bastion.lab:22"`, to be stored. */
  hostKeyToStore(): string | undefined;
  /** By what the machine is reached, and why where it is not the built-in way. */
  transport(): Transport;
  /** What a person should know of the way there, each once: another way than the built-in one, what is not followed. */
  takeWayNotes(): string[];
  /** Hangs up for every session of this machine; the next command dials anew. */
  close(): Promise<void>;
}

/** How a session dials. */
export interface SessionOptions {
  /** Trust the key of a host of which none is known, if the connection says `acceptNew`. @default false */
  readonly acceptNewHostKey?: boolean;
  /** Milliseconds for reaching the machine, all dials together. @default 15000, at least one dial's time limit */
  readonly deadlineMs?: number;
  /** Milliseconds that `withLock` waits for another run. @default 300000 */
  readonly lockDeadlineMs?: number;
  /** Milliseconds after which the machine frees the lock of a run from which it hears nothing. @default 60000 */
  readonly lockSilenceMs?: number;
  /** Called before each pause between two dials, with the milliseconds so far and what the last dial met. */
  readonly onWait?: (elapsedMs: number, last: string) => void;
}

/**
 * Returns the session of a connection; nothing is dialed before the first command. Connections stay open until
 * `closeAllSessions`, but an idle one does not keep the process alive.
 */
export function sessionFor(connection: Connection, options: SessionOptions = {}): Session {
  const { sudoPassword } = connection;
  if (sudoPassword !== undefined) redactLater(sudoPassword);
  const { machine, route } = machineFor(connection);
  const terms = {
    acceptNewHostKey: options.acceptNewHostKey === true,
    deadlineMs: options.deadlineMs ?? Math.max(15_000, (dialSeconds(route) ?? 15) * 1000),
    patient: options.deadlineMs === undefined,
    ...(options.onWait && { onWait: options.onWait }),
  };
  const { lockDeadlineMs = 300_000, lockSilenceMs = 60_000 } = options;
  const who = { root: becomeRoot(route), user: route.user };
  const context = { machine, terms, ...who, lockDeadlineMs, lockSilenceMs };
  const session = new PooledSession(routeTarget(route), route, context);
  contexts.set(session, context);
  return session;
}

/** Closes every connection of this process; locks that it holds are released by that. */
export async function closeAllSessions(): Promise<void> {
  closeMachines();
}

const contexts = new WeakMap<Session, CommandContext>();

/** Returns what is behind a session, for the other files of this folder. */
export function contextOf(session: Session): CommandContext {
  const context = contexts.get(session);
  if (context === undefined) throw new Error("the session was not made by sessionFor");
  return context;
}

function becomeRoot(route: Route): BecomeRoot {
  if (route.user === "root") return { by: "login" };
  const password = route.connection.sudoPassword;
  return password === undefined ? { by: "sudo" } : { by: "sudo-password", password };
}

class PooledSession implements Session {
  private readonly machine: Machine;

  constructor(
    readonly target: string,
    private readonly route: Route,
    private readonly context: CommandContext,
  ) {
    this.machine = context.machine;
  }

  async exec(request: ExecRequest): Promise<ExecResult> {
    await this.prepare();
    return runCommand(this.context, request);
  }

  async change(request: ExecRequest): Promise<ExecResult> {
    await this.prepare();
    return runChange(this.context, request);
  }

  async upload(request: UploadRequest): Promise<void> {
    await this.prepare();
    return uploadFile(this.context, request);
  }

  counters(): { connections: number; roundTrips: number; maxChannels: number } {
    return { ...this.machine.counts };
  }

  hostKey(): string | undefined {
    return this.machine.hostKey;
  }

  hostKeyToStore(): string | undefined {
    const { hostKey } = this.machine;
    return hostKey === undefined ? undefined : `${hostKey} ${wayOf(this.route)}`;
  }

  transport(): Transport {
    return this.machine.transport;
  }

  takeWayNotes(): string[] {
    return untold(this.machine, wayNotes(this.route, this.machine.transport));
  }

  async close(): Promise<void> {
    this.machine.drop();
  }

  /** The shared connection may be another connection's, which pinned another key, or the lock may be gone with it. */
  private async prepare(): Promise<void> {
    if (this.machine.connected) this.machine.checkHostKey(this.route);
    else this.machine.route = this.route;
    await heldLock(this.machine)?.ensure();
  }
}
