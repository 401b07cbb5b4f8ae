import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { fleetRelease } from "../../../test/fleet/fleet.js";
import { labCache } from "../cache.js";
import { vgpuTypesText } from "../vgpu-types.js";
import { makeDebPackage } from "./deb-package.js";
import { type DriverPackage, makeRunPackage } from "./run-package.js";

let made: Promise<{ readonly manager: DriverPackage; readonly guest: DriverPackage }> | undefined;

/** Returns the vendor's packages of the release that all stories and hand-started machines use, made once per process. */
export function labPackages(): NonNullable<typeof made> {
  made ??= makePackages();
  return made;
}

/** Returns the vGPU manager as a `.deb`, of the same release. */
export function labDebPackage(): Promise<DriverPackage> {
  return makeApart((folder) => makeDebPackage(manager, folder));
}

const manager = { kind: "vgpu-kvm", version: fleetRelease.manager, vgpuConfig: vgpuTypesText() } as const;
const guest = { kind: "grid", version: fleetRelease.guest } as const;

async function makePackages() {
  return {
    manager: await makeApart((folder) => makeRunPackage(manager, folder)),
    guest: await makeApart((folder) => makeRunPackage(guest, folder)),
  };
}

/** Makes a package in a folder that its hash names: another process may use the one of an older source meanwhile. */
async function makeApart(make: (folder: string) => Promise<DriverPackage>): Promise<DriverPackage> {
  const packages = path.join(labCache(), "packages");
  mkdirSync(packages, { recursive: true });
  const work = mkdtempSync(path.join(packages, "unfinished-"));
  try {
    const { path: file, sha256 } = await make(work);
    const folder = path.join(packages, sha256.slice(0, 16));
    mkdirSync(folder, { recursive: true });
    const kept = path.join(folder, path.basename(file));
    renameSync(file, kept);
    return { path: kept, sha256 };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
