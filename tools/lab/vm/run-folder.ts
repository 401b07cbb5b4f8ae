import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { labCache } from "../cache.js";

/**
 * Makes a folder for one running machine, named after this process. Those of processes that died without tidying up
 * (SIGKILL) are removed first: their machines died with them.
 */
export function makeRunFolder(name: string): string {
  mkdirSync(place(), { recursive: true });
  for (const folder of readdirSync(place())) {
    if (!lives(ownerOf(folder))) rmSync(path.join(place(), folder), { recursive: true, force: true });
  }
  return mkdtempSync(path.join(place(), `${process.pid}-${name}-`));
}

/** Whether a machine runs, of this process or another one: what it was started from must stay. */
export function machinesRun(): boolean {
  return existsSync(place()) && readdirSync(place()).some((folder) => lives(ownerOf(folder)));
}

function place(): string {
  return path.join(labCache(), "run");
}

function ownerOf(folder: string): number {
  return Number.parseInt(folder, 10);
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
