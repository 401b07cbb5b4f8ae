import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders = new Set<string>();

/** Returns a new folder that only this user may look into; its path is short, as that of a socket has to be. */
export function privateFolder(): string {
  if (folders.size === 0) process.on("exit", removeAll);
  const folder = mkdtempSync(join(tmpdir(), "vgpu-"));
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
