// npm run lab:setup: all the lab needs, installed and built; nothing where it is there already.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { holdFileLock } from "../file-lock.js";
import { labCache, labOwner } from "./cache.js";
import { buildImage, type ImageKeys, imageKeys } from "./images/build-image.js";
import { installHostPackages } from "./images/host-packages.js";
import { findImage, type LabRelease, labReleases } from "./images/image-store.js";
import { findMirrors, type Mirrors } from "./images/mirrors.js";
import { missingKeys, resolveVersions } from "./images/package-versions.js";
import { recipes } from "./images/recipes.js";
import { machinesRun } from "./vm/run-folder.js";

/** Sets the lab up. @throws in plain sentences, with what to do next */
export async function setUpLab(): Promise<void> {
  const started = Date.now();
  installHostPackages();
  const made = mkdirSync(labCache(), { recursive: true }) ?? labCache();
  const release = await holdFileLock(path.join(labCache(), "setup.lock"), () =>
    console.log("Another run sets the lab up; waiting for it ..."),
  );
  try {
    await provideImages();
  } finally {
    release();
    giveToOwner(made);
  }
  console.log(`The lab is set up (${Math.round((Date.now() - started) / 1000)} s): ${labCache()}`);
}

/** Root may set up another user's lab. */
function giveToOwner(folder: string): void {
  const { uid, gid } = labOwner();
  if (process.getuid?.() === 0 && uid !== 0) execFileSync("chown", ["-R", "-h", `${uid}:${gid}`, folder]);
}

async function provideImages(): Promise<void> {
  const mirrors = findMirrors();
  for (const name of labReleases) {
    const reason = missingKeys(name);
    if (reason !== undefined) throw new Error(reason);
  }
  const keys = await resolveKeys(mirrors);
  if (keys === undefined) return;
  const missing = labReleases.filter((name) => findImage(name)?.key !== keys[name].image);
  if (missing.length > 0 && process.getuid?.() !== 0) {
    throw new Error(
      `Images of ${missing.join(" and ")} are to be built, which takes root (chroot, mounts).\n` +
        "Next: run this as root, once, with HOME (or XDG_CACHE_HOME) of the user who runs the lab.",
    );
  }
  // Two at once: dpkg keeps one core busy at most.
  const built = await Promise.allSettled(
    labReleases.map((name) => buildImage(recipes[name], keys[name], mirrors)),
  );
  const failed = built.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  if (failed.length > 0) throw new Error(failed.map((error) => error.message).join("\n\n"));
  if (machinesRun()) console.log("Machines run: older images stay until the next npm run lab:setup.");
  else removeUnused(keys);
}

/** Undefined: the mirror cannot be asked, and images are there that will do. */
async function resolveKeys(mirrors: Mirrors): Promise<Record<LabRelease, ImageKeys> | undefined> {
  console.log("Asking apt for today's versions ...");
  try {
    const rows = await Promise.all(
      labReleases.map(async (name) => {
        const recipe = recipes[name];
        return [name, imageKeys(recipe, await resolveVersions(recipe, mirrors))] as const;
      }),
    );
    return Object.fromEntries(rows) as Record<LabRelease, ImageKeys>;
  } catch (error) {
    if (labReleases.some((name) => findImage(name) === undefined)) throw error;
    console.log(`${error instanceof Error ? error.message : error}\nThe images that are there stay in use.`);
    return undefined;
  }
}

/** Of each release one image and one packed system stay; frozen machines of other images cannot be started again. */
function removeUnused(keys: Readonly<Record<LabRelease, ImageKeys>>): void {
  const kept = new Set(
    labReleases.flatMap((name) => [
      `${name}.key`,
      `${name}-${keys[name].image}`,
      `${name}-${keys[name].system}.tar.zst`,
      keys[name].image,
    ]),
  );
  for (const folder of ["images", "systems", "states"]) {
    const place = path.join(labCache(), folder);
    mkdirSync(place, { recursive: true });
    for (const entry of readdirSync(place)) {
      if (!kept.has(entry)) rmSync(path.join(place, entry), { recursive: true, force: true });
    }
  }
}
