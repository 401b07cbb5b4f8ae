import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { packageHead, packageHeadBytes } from "../catalog/package-content.js";
import type { PackageHead } from "../model/package-head.js";

const hashes = new Map<string, Promise<string>>();
const heads = new Map<string, PackageHead>();

/** Returns the sha256 of a file on this machine. Each content is read once per process. */
export async function localHash(path: string): Promise<string> {
  return once(hashes, path, () => hashFile(path));
}

/** Returns the beginning of a file on this machine, as far as it tells what the file is. @throws as node:fs does */
export function localHead(path: string): PackageHead {
  return once(heads, path, () => packageHead(readHead(path)));
}

/** Returns the same, `null` when the file cannot be read. */
export function localHeadIfThere(path: string): PackageHead | null {
  try {
    return localHead(path);
  } catch {
    return null;
  }
}

/** Returns the size of a file on this machine, `null` when it cannot be read. */
export function localSizeIfThere(path: string): number | null {
  try {
    return fileOf(path).size;
  } catch {
    return null;
  }
}

/** A file that has changed is read again. */
function once<Known>(known: Map<string, Known>, path: string, read: () => Known): Known {
  const { size, mtimeMs, ino } = fileOf(path);
  const key = `${path} ${ino} ${size} ${mtimeMs}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const now = read();
  known.set(key, now);
  return now;
}

/** A pipe or a device has no end, and a folder no content. */
function fileOf(path: string) {
  const found = statSync(path);
  if (found.isFile()) return found;
  throw Object.assign(new Error("it is no regular file"), { code: "it is no regular file" });
}

function readHead(path: string): Uint8Array {
  const bytes = Buffer.alloc(packageHeadBytes);
  const file = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, packageHeadBytes, 0));
  } finally {
    closeSync(file);
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
