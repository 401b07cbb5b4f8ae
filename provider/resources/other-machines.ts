import { mayBeTarget } from "../plan/run-targets.js";
import type { Claim } from "./claims.js";
import { targetsOfRun } from "./engine-call.js";
import { isEngineHeldUp } from "./engine-load.js";

/** The checks of this process that have begun, who waits for one that has not, and those that were waited for in vain. */
const begun = new Map<string, Promise<unknown>>();
const waiting = new Map<string, (() => void)[]>();
const missed = new Set<string>();

/** Notes that the check of a resource that is a whole machine has begun; returns the check. */
export function noteCheck<T>(claim: Claim, check: Promise<T>): Promise<T> {
  const key = keyOf(claim);
  begun.set(
    key,
    check.catch(() => {}),
  );
  for (const wake of waiting.get(key) ?? []) wake();
  waiting.delete(key);
  return check;
}

/** How long others are waited for, and who is told. */
export interface Patience {
  /** How long is waited for another resource's check to begin. */
  readonly beginMs: number;
  /** How long is waited for the checks to end, too. */
  readonly endMs: number;
  /** After how long it is told. */
  readonly silentMs: number;
  /** Whether this check cannot begin before this one's change has ended, or at all. */
  readonly cannotBegin: (claim: Claim) => boolean;
  readonly onWait: (unseen: readonly Claim[]) => void;
}

const patience: Patience = {
  beginMs: 10_000,
  endMs: 60_000,
  silentMs: 5_000,
  cannotBegin: (claim) => isLeftOut(claim) || isEngineHeldUp(),
  onWait: () => {},
};
const tickMs = 100;

/** Whether the run is not about a resource: nothing of it is checked then. */
export function isLeftOut(claim: Claim): boolean {
  const targets = targetsOfRun();
  return targets !== null && !mayBeTarget(targets, claim);
}

/**
 * Waits until the machines of these resources have been looked at: nothing may be changed on a machine that one of them
 * turns out to mean, too, whichever comes first. One that cannot be reached holds nobody up for longer, and one that was
 * waited for in vain is not waited for again. Returns those that were not looked at in time.
 */
export async function othersChecked(
  others: readonly Claim[],
  changes: Partial<Patience> = {},
): Promise<readonly Claim[]> {
  const { beginMs, endMs, silentMs, cannotBegin, onWait } = { ...patience, ...changes };
  const unseen = new Set(others);
  const tellLater = setTimeout(() => onWait([...unseen]), silentMs);
  await withinMs(endMs, (late) =>
    Promise.all(
      others.map(async (claim) => {
        await begin(claim, beginMs, cannotBegin);
        const check = begun.get(keyOf(claim))?.then(() => unseen.delete(claim));
        await Promise.race([check, late]);
      }),
    ),
  ).finally(() => clearTimeout(tellLater));
  return [...unseen];
}

/** Waits until a check has begun, its time is over, or it cannot begin. */
async function begin(claim: Claim, ms: number, cannotBegin: Patience["cannotBegin"]): Promise<void> {
  const key = keyOf(claim);
  if (begun.has(key) || missed.has(key)) return;
  const begins = new Promise<void>((wake) => waiting.set(key, [...(waiting.get(key) ?? []), wake]));
  let tick: NodeJS.Timeout | undefined;
  const heldUp = new Promise<void>((resolve) => {
    tick = setInterval(() => {
      if (cannotBegin(claim)) resolve();
    }, tickMs);
  });
  await withinMs(ms, (late) => Promise.race([begins, heldUp, late])).finally(() => clearInterval(tick));
  if (!begun.has(key)) missed.add(key);
}

/** Gives the work a promise that settles when the time is over. */
async function withinMs(ms: number, work: (late: Promise<void>) => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await work(late).finally(() => clearTimeout(timer));
}

function keyOf({ kind, name, owner }: Claim): string {
  return JSON.stringify([kind, owner, name]);
}
