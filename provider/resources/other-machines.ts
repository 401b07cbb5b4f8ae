import type { Claim } from "./claims.js";

/** How long is waited for another resource's check to begin: `--target` may leave it out. */
const beginMs = 10_000;
/** How long is waited for the checks to end, too. */
const endMs = 60_000;

/** The checks of this process that have begun, and who waits for one that has not. */
const begun = new Map<string, Promise<unknown>>();
const waiting = new Map<string, (() => void)[]>();

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

/**
 * Waits until the machines of these resources have been looked at: nothing may be changed on a machine that one of them
 * turns out to mean, too, whichever comes first. One that cannot be reached holds nobody up for longer. Returns those that
 * were not looked at in time.
 */
export async function othersChecked(
  others: readonly Claim[],
  limits = { beginMs, endMs },
): Promise<readonly Claim[]> {
  const unseen = new Set(others);
  await withinMs(limits.endMs, (late) =>
    Promise.all(
      others.map(async (claim) => {
        await withinMs(limits.beginMs, (never) => Promise.race([beginOf(claim), never]));
        const check = begun.get(keyOf(claim))?.then(() => unseen.delete(claim));
        await Promise.race([check, late]);
      }),
    ),
  );
  return [...unseen];
}

function beginOf(claim: Claim): Promise<void> | undefined {
  const key = keyOf(claim);
  if (begun.has(key)) return undefined;
  return new Promise((wake) => waiting.set(key, [...(waiting.get(key) ?? []), wake]));
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
