import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { labCache } from "../cache.js";

/** A Debian release of which the lab has an image. */
export type LabRelease = "bookworm" | "trixie";

export const labReleases: readonly LabRelease[] = ["bookworm", "trixie"];

/** A built disk image. */
export interface LabImage {
  readonly release: LabRelease;
  /** Of what it is made of. */
  readonly key: string;
  /** A raw disk; never written to. */
  readonly disk: string;
  /** "ssh-ed25519 AAAA..." */
  readonly hostKey: string;
  /** OpenSSH private key that root and admin accept. */
  readonly privateKey: string;
}

/** Where the image of this key lies, built or not. */
export function imageFolder(release: LabRelease, key: string): string {
  return path.join(labCache(), "images", `${release}-${key}`);
}

function pointer(release: LabRelease): string {
  return path.join(labCache(), "images", `${release}.key`);
}

/** The image that machines of this release start from; undefined where none was built. */
export function findImage(release: LabRelease): LabImage | undefined {
  if (!existsSync(pointer(release))) return undefined;
  const key = readFileSync(pointer(release), "utf8").trim();
  const folder = imageFolder(release, key);
  const disk = path.join(folder, "disk.raw");
  if (!existsSync(disk)) return undefined;
  const text = (name: string) => readFileSync(path.join(folder, name), "utf8");
  const hostKey = text("host.pub").trim().split(" ").slice(0, 2).join(" ");
  return { release, key, disk, hostKey, privateKey: text("client") };
}

/** From now on machines of this release start from the image of this key. */
export function useImage(release: LabRelease, key: string): void {
  const unfinished = `${pointer(release)}.${process.pid}`;
  writeFileSync(unfinished, `${key}\n`);
  renameSync(unfinished, pointer(release));
}
