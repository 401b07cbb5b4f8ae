import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The path of a socket has 107 bytes at most, and OpenSSH adds 17 of its own. */
const longestBase = 70;

const folders = new Set<string>();

/** Returns a new folder that only this user may look into; its path is short, as that of a socket has to be. */
export function privateFolder(): string {
  if (folders.size === 0) process.on("exit", removeAll);
  const base = tmpdir();
  const folder = mkdtempSync(join(base.length > longestBase ? "/tmp" : base, "vgpu-"));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
  if (folders.size === 0) process.off("exit", removeAll);
}

function removeAll(): void {
  for (const folder of [...folders]) removeFolder(folder);
}
