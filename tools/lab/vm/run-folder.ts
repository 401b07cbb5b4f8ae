import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { labCache } from "../cache.js";

/**
 * Makes a folder for one running machine, named after this process. Those of processes that died without tidying up
 * (SIGKILL) are removed first: their machines died with them.
 */
export function makeRunFolder(name: string): string {
  const all = path.join(labCache(), "run");
  mkdirSync(all, { recursive: true });
  for (const folder of readdirSync(all)) {
    const owner = Number.parseInt(folder, 10);
    if (!lives(owner)) rmSync(path.join(all, folder), { recursive: true, force: true });
  }
  return mkdtempSync(path.join(all, `${process.pid}-${name}-`));
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
