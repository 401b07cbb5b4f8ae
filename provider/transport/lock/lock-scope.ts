import { AsyncLocalStorage } from "node:async_hooks";
import type { Machine } from "../machine/machine.js";

/** The operation locks under which the current work runs, by machine. */
export interface HeldLock {
  /** By it the machine's scripts know whose run holds the lock. */
  readonly token: string;
  /**
   * Takes the lock anew if a lost connection or a reboot took it away.
   * @throws VGPU_LOCKED; one for which `isPlanOutdated` holds when another run had the lock meanwhile, and it is held again
   */
  ensure(): Promise<void>;
  /** Lets the lock go and takes it again, which waits for every script that still changes the machine. @throws VGPU_LOCKED */
  renew(): Promise<void>;
}

const scope = new AsyncLocalStorage<ReadonlyMap<Machine, HeldLock>>();

/** Runs `work` so that whatever it calls finds the lock of `machine`. */
export function withHeldLock<T>(machine: Machine, lock: HeldLock, work: () => Promise<T>): Promise<T> {
  return scope.run(new Map([...(scope.getStore() ?? []), [machine, lock]]), work);
}

/** Returns the lock of `machine` under which the caller runs. */
export function heldLock(machine: Machine): HeldLock | undefined {
  return scope.getStore()?.get(machine);
}

/** Returns the lock of `machine`, for what changes it: nothing does without. */
export function requireLock(machine: Machine, name: string): HeldLock {
  const lock = heldLock(machine);
  if (lock === undefined) throw new Error(`${name} would change ${machine.target} without its lock`);
  return lock;
}
