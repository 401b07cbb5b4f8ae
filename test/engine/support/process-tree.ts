import { readdirSync, readFileSync } from "node:fs";

/** Kill -9 of a process and all below it: the engine gives each of its plugins a process group of its own. */
export function killProcessTree(pid: number): void {
  const parents = parentsByPid();
  const doomed = [pid];
  for (const parent of doomed) {
    for (const [child, itsParent] of parents) if (itsParent === parent) doomed.push(child);
  }
  for (const one of doomed) killIfThere(one);
}

/** True while the process runs; one that is dead and waits for its parent to notice does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function parentsByPid(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The command's name, in parentheses, may hold anything; the parent's id is the second field after it.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      parents.set(Number(name), Number(fields[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  return parents;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
