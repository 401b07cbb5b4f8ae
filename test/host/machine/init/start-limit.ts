import type { Unit } from "./unit-file.js";
import { timeMs } from "./unit-process.js";

// DefaultStartLimitIntervalSec= and DefaultStartLimitBurst= of systemd.
const defaultIntervalMs = 10_000;
const defaultBurst = 5;

interface Window {
  readonly since: number;
  readonly starts: number;
}

/** How often units may be started: so many times from the first start on, until the interval is over. */
export class StartLimit {
  private readonly windows = new Map<string, Window>();

  /** Counts a start. False: it comes too often. */
  admits(unit: Unit): boolean {
    const intervalMs = timeMs(unit.last("Unit", "StartLimitIntervalSec")) ?? defaultIntervalMs;
    const burst = Number(unit.last("Unit", "StartLimitBurst") ?? defaultBurst);
    const now = Date.now();
    const open = this.windows.get(unit.name);
    const { since, starts } = open && now - open.since <= intervalMs ? open : { since: now, starts: 0 };
    if (starts >= burst) return false;
    this.windows.set(unit.name, { since, starts: starts + 1 });
    return true;
  }

  /** As `systemctl reset-failed` does. */
  reset(name: string): void {
    this.windows.delete(name);
  }

  forget(): void {
    this.windows.clear();
  }
}
