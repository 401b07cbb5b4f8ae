// The clock of a run's process, which a test moves: deadlines of minutes pass without waiting for them.

interface Waiting {
  readonly due: number;
  readonly fire: () => void;
}

const realNow = Date.now.bind(Date);
const realElapsed = performance.now.bind(performance);
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const waiting = new Map<NodeJS.Timeout, Waiting>();
let movedMs = 0;

/** Timers below this length are short enough to wait for. */
const longMs = 20_000;

/** Puts the clock that `moveClock` moves in place of the process's own. */
export function installClock(): void {
  Date.now = () => realNow() + movedMs;
  performance.now = () => realElapsed() + movedMs;
  const set = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    if (!(ms >= longMs)) return realSetTimeout(callback, ms, ...args);
    const fire = () => {
      waiting.delete(timer);
      callback(...args);
    };
    const timer = realSetTimeout(fire, ms);
    waiting.set(timer, { due: Date.now() + ms, fire });
    return timer;
  };
  globalThis.setTimeout = Object.assign(set, realSetTimeout) as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: NodeJS.Timeout) => {
    if (timer !== undefined) waiting.delete(timer);
    realClearTimeout(timer);
  }) as typeof clearTimeout;
}

/** Moves the clock on; what was due by then happens now. */
export function moveClock(ms: number): void {
  movedMs += ms;
  for (const [timer, { due, fire }] of [...waiting]) {
    if (due > Date.now()) continue;
    realClearTimeout(timer);
    fire();
  }
}
