import { createHash } from "node:crypto";
import { existsSync, statfsSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Where images, frozen machines and running ones' disks lie; it may be removed at any time no machine runs. */
export function labCache(environment: NodeJS.ProcessEnv = process.env): string {
  return path.join(xdgCache(environment) ?? path.join(home(), ".cache"), "pulumi-vgpu", "lab");
}

/** Whose it is: the owner of the home or cache folder that it lies in. */
export function labOwner(environment: NodeJS.ProcessEnv = process.env): { uid: number; gid: number } {
  let place = xdgCache(environment) ?? home();
  while (!existsSync(place)) place = path.dirname(place);
  const { uid, gid } = statSync(place);
  return { uid, gid };
}

/** A sentence after an error that a full disk may have caused; empty where there is room. */
export function shortOfSpace(): string {
  const { bavail, bsize } = statfsSync(labCache());
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB >= 1024) return "";
  return `\nOnly ${freeMiB} MiB are free in ${labCache()}. The lab takes about 4 GB, and 4 more while it builds.`;
}

/** Relative paths in XDG variables are to be ignored (XDG base directory specification). */
function xdgCache({ XDG_CACHE_HOME: base }: NodeJS.ProcessEnv): string | undefined {
  return base !== undefined && path.isAbsolute(base) ? base : undefined;
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
