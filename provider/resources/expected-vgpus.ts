// Which vGPUs of a host the engine is still to ask for in this run, and how long the first that came waits for them.

/** A vGPU by what no other has: its stack, its host's name and its own. */
export type VgpuName = { readonly [K in "owner" | "host" | "name"]?: unknown };

/** Those that called, need no change, may not be changed, or were waited for in vain. */
const settled = new Set<string>();
/** Those that are checked and not settled, by stack and host, whatever GPU they are on. */
const checked = new Map<string, Set<string>>();

function keyOf({ owner, host, name }: VgpuName): string {
  return JSON.stringify([owner, host, name]);
}

function checkedOn({ owner, host }: VgpuName): Set<string> {
  const key = JSON.stringify([owner, host]);
  const names = checked.get(key) ?? new Set();
  checked.set(key, names);
  return names;
}

/** Notes that no call of the engine that changes this vGPU is to be waited for. */
export function expectNoMore(vgpu: VgpuName): void {
  settled.add(keyOf(vgpu));
  checkedOn(vgpu).delete(keyOf(vgpu));
}

/** Notes that a vGPU is checked: it may be changed then, unless that is told to be otherwise. */
export function expectAgain(vgpu: VgpuName): void {
  settled.delete(keyOf(vgpu));
  checkedOn(vgpu).add(keyOf(vgpu));
}

/** Whether a call that changes this vGPU may still come. */
export function isExpected(vgpu: VgpuName): boolean {
  return !settled.has(keyOf(vgpu));
}

/** Whether a call may still come that changes a vGPU of this host which was checked, on any of its GPUs. */
export function isAnyExpectedOn(host: Pick<VgpuName, "owner" | "host">): boolean {
  return checkedOn(host).size > 0;
}

/** What is known while the first call of a host waits for the others. */
export interface Gathering {
  /** How many vGPUs of the host may still be asked for. */
  readonly expected: number;
  /** How many changes the engine waits for, of any resource of this process. */
  readonly inFlight: number;
  /** How many it makes at once. */
  readonly atOnce: number;
  readonly openChecks: number;
  /** How long the engine has asked for nothing and had no answer, milliseconds. */
  readonly quietMs: number;
  readonly waitedMs: number;
}

const nobodyExpected = { quietMs: 120, mostMs: 1_000 };
const someExpected = { quietMs: 1_000, mostMs: 5_000 };

/**
 * Returns for how long to wait at most, milliseconds, if the engine does nothing; 0 when the waiting is over. What is
 * not declared, a deletion, can come as well. Who waits by `dependsOn` does not come before what is waited with is done.
 */
export function waitLeft({ expected, inFlight, atOnce, ...at }: Gathering): number {
  if (inFlight >= atOnce) return 0;
  const { quietMs, mostMs } = expected > 0 ? someExpected : nobodyExpected;
  const untilLate = Math.max(0, mostMs - at.waitedMs);
  if (expected > 0 && at.openChecks > 0) return untilLate;
  return Math.min(untilLate, Math.max(0, quietMs - at.quietMs));
}
