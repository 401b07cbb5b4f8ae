import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Holds a lock file that names this process, and gives the function that releases it. Waits while the process
 * that holds it lives; takes it over from one that died.
 */
export async function holdFileLock(file: string, onWait: () => void): Promise<() => void> {
  let waiting = false;
  while (!taken(file)) {
    const holder = holderOf(file);
    if (holder !== undefined && !lives(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!waiting) onWait();
    waiting = true;
    await pause(500);
  }
  return () => rmSync(file, { force: true });
}

/** A link to a file that is already written: the lock never exists without its holder's id. */
function taken(file: string): boolean {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

function holderOf(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, "utf8"), 10);
  } catch {
    return undefined;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
