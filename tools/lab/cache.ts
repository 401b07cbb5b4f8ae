import { createHash } from "node:crypto";
import os from "node:os";
import path from "node:path";

/** Where images, frozen machines and running ones' disks lie; it may be removed at any time no machine runs. */
export function labCache(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment.XDG_CACHE_HOME;
  // Relative paths in XDG variables are to be ignored (XDG base directory specification).
  const root = base !== undefined && path.isAbsolute(base) ? base : path.join(home(), ".cache");
  return path.join(root, "pulumi-vgpu", "lab");
}

/** With an empty HOME Node gives an empty folder. */
function home(): string {
  return os.homedir() || os.userInfo().homedir;
}

/** A short name for what something is made of: the same parts in the same order give the same key. */
export function cacheKey(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}
