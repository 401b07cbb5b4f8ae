import { heldLock } from "./lock/lock-scope.js";
import { type LockRequest, MachineLock } from "./lock/machine-lock.js";
import type { Machine } from "./machine/machine.js";
import { contextOf, type Session } from "./session.js";

const locks = new WeakMap<Machine, MachineLock>();

/**
 * Runs `work` as the one writer of the machine: in its turn in this process, and under a lock on the machine that one
 * channel holds while work is queued. Inside `work` another `withLock` of the same machine runs at once. When a lost
 * connection or a reboot takes the lock away, the next command of `work` takes it anew, and fails if another run had
 * it between.
 * @param request who this is, for the other run's message, e.g. `"infra/dev/gpu-01"`, and who is told of the wait
 * @throws VGPU_LOCKED after 5 minutes (for a script or job that outlived its run: 30), VGPU_PREREQUISITE without flock
 */
export function withLock<T>(
  session: Session,
  request: string | LockRequest,
  work: () => Promise<T>,
): Promise<T> {
  const context = contextOf(session);
  if (heldLock(context.machine) !== undefined) return work();
  return lockOf(context.machine).run(context, typeof request === "string" ? { who: request } : request, work);
}

/**
 * Returns which taking of the machine's lock is in force, `null` when it is not held. What was observed under one
 * taking stays true for every writer as long as the answer is the same, but for what VMs do.
 */
export function lockHolding(session: Session): number | null {
  return lockOf(contextOf(session).machine).holding;
}

/** Returns what is one and the same for each session of a machine: whose turn it is there. */
export function writerOf(session: Session): object {
  return lockOf(contextOf(session).machine);
}

/** Returns the lock of a machine, the same one for each of its sessions. */
export function lockOf(machine: Machine): MachineLock {
  let lock = locks.get(machine);
  if (lock === undefined) {
    lock = new MachineLock(machine);
    locks.set(machine, lock);
  }
  return lock;
}
