import { parallelOfRun } from "./engine-call.js";

/** What the engine has asked for in this process and has no answer to yet. */
const open = { checks: 0, looks: 0, operations: 0 };
let lastCall = performance.now();
const waking = new Set<() => void>();

function noteCall(): void {
  lastCall = performance.now();
  for (const wake of waking) wake();
}

/** Counts a call of the engine while it is answered: a check, a diff or read, or a creation, an update or a deletion. */
export async function counted<T>(kind: keyof typeof open, answer: () => Promise<T>): Promise<T> {
  open[kind]++;
  noteCall();
  try {
    return await answer();
  } finally {
    open[kind]--;
    noteCall();
  }
}

/** How long after its last call the engine is taken to have no further one, when it does as much at once as it may. */
const quietMs = 1_000;

/**
 * Whether no check can come before something that is being done has ended. The engine checks one resource after another,
 * and is held up at the first that it may not change yet: `--parallel` says how many it changes at once.
 */
export function isEngineHeldUp(parallel = parallelOfRun()): boolean {
  if (parallel === null || open.operations < parallel || open.checks > 0) return false;
  return performance.now() - lastCall >= quietMs;
}

/** How long the engine has asked for nothing, and had no answer, milliseconds. */
export function engineQuietMs(): number {
  return performance.now() - lastCall;
}

/** How many calls of a kind have no answer yet. */
export function openCalls(kind: keyof typeof open): number {
  return open[kind];
}

/** Waits until the engine asks for something or has an answer, for `mostMs` at most. */
export async function nextCall(mostMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      waking.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.ceil(mostMs));
    waking.add(wake);
  });
}
