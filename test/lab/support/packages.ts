import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { labCache } from "../../../tools/lab/cache.js";
import type { DriverContent } from "../../../tools/lab/vendor/payload.js";
import { type DriverPackage, makeRunPackage } from "../../../tools/lab/vendor/run-package.js";
import { vgpuTypesText } from "../../../tools/lab/vgpu-types.js";
import { fleetRelease } from "../../fleet/fleet.js";

let made: Promise<{ readonly manager: DriverPackage; readonly guest: DriverPackage }> | undefined;

/** Returns the vendor's packages of the release that all stories use, made once per process. */
export function labPackages(): NonNullable<typeof made> {
  made ??= makePackages();
  return made;
}

async function makePackages() {
  const manager = { kind: "vgpu-kvm", version: fleetRelease.manager, vgpuConfig: vgpuTypesText() } as const;
  return {
    manager: await makeApart(manager),
    guest: await makeApart({ kind: "grid", version: fleetRelease.guest }),
  };
}

/** Makes a package in a folder that its hash names: another process may use the one of an older source meanwhile. */
async function makeApart(content: DriverContent): Promise<DriverPackage> {
  const packages = path.join(labCache(), "packages");
  mkdirSync(packages, { recursive: true });
  const work = mkdtempSync(path.join(packages, "unfinished-"));
  try {
    const { path: file, sha256 } = await makeRunPackage(content, work);
    const folder = path.join(packages, sha256.slice(0, 16));
    mkdirSync(folder, { recursive: true });
    const kept = path.join(folder, path.basename(file));
    renameSync(file, kept);
    return { path: kept, sha256 };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
