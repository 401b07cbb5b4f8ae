import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { labCache } from "../cache.js";

/** A Debian release of which the lab has an image. */
export type LabRelease = "bookworm" | "trixie";

export const labReleases: readonly LabRelease[] = ["bookworm", "trixie"];

/** Sparse: a fresh image takes about 1 GB, and the machines' own disks hold what they write. */
export const diskMiB = 10_240;

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

/** Whether all of an image is there: none of its files is missing, and its disk is not cut short. */
export function isWhole(folder: string): boolean {
  const size = (name: string) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return size("disk.raw") === diskMiB * 2 ** 20 && size("client") > 0 && size("host.pub") > 0;
}

/**
 * The image that machines of this release start from; undefined where none was built or it is damaged.
 * @throws where it is another user's
 */
export function findImage(release: LabRelease): LabImage | undefined {
  if (!existsSync(pointer(release))) return undefined;
  const key = readFileSync(pointer(release), "utf8").trim();
  const folder = imageFolder(release, key);
  if (!isWhole(folder)) return undefined;
  const hostKey = readText(folder, "host.pub").trim().split(" ").slice(0, 2).join(" ");
  return {
    release,
    key,
    disk: path.join(folder, "disk.raw"),
    hostKey,
    privateKey: readText(folder, "client"),
  };
}

function readText(folder: string, name: string): string {
  try {
    return readFileSync(path.join(folder, name), "utf8");
  } catch (error) {
    throw new Error(
      `This user cannot read the lab's image: ${error instanceof Error ? error.message : error}.\n` +
        "Next: run npm run lab:setup as root, with HOME (or XDG_CACHE_HOME) of the user who runs the lab: it gives all to the owner of that folder.",
    );
  }
}

/** The packages an image was made of, lines `name version`; undefined where an older checkout made it. */
export function packagesOf({ disk }: LabImage): string[] | undefined {
  const file = path.join(path.dirname(disk), "packages");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : undefined;
}

export function writePackages(folder: string, lines: readonly string[]): void {
  writeFileSync(path.join(folder, "packages"), `${lines.join("\n")}\n`);
}

/** From now on machines of this release start from the image of this key. */
export function useImage(release: LabRelease, key: string): void {
  const unfinished = `${pointer(release)}.${process.pid}`;
  writeFileSync(unfinished, `${key}\n`);
  renameSync(unfinished, pointer(release));
}
