import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { packageFacts } from "../catalog/packages.js";
import { canonicalVersion, findRelease } from "../catalog/releases.js";
import type { ErrorParts } from "../model/errors.js";
import { observePackage } from "../observe/observe-package.js";
import type { DesiredDriver } from "../plan/desired.js";
import type { Step } from "../plan/steps.js";
import type { Session } from "../transport/session.js";

/** The driver part of a resource's inputs. */
export interface DriverInput {
  readonly release: string;
  readonly package?:
    | { readonly path?: string | undefined; readonly hostPath?: string | undefined; readonly sha256: string }
    | undefined;
}

/** Returns the driver that is wanted: its version is the release's in the catalog, else what the package's name says. */
export function desiredDriver(input: DriverInput | undefined, side: "host" | "guest"): DesiredDriver | null {
  if (input === undefined) return null;
  const row = findRelease(input.release);
  const known = side === "host" ? row?.managerVersion : row?.linuxGuestVersion;
  const version = packageVersion(input) ?? known;
  const source = input.package;
  return {
    release: input.release,
    version: canonicalVersion(version ?? "unknown"),
    package: source
      ? {
          localPath: source.path ? resolve(source.path) : null,
          remotePath: source.hostPath ?? null,
          sha256: source.sha256,
        }
      : null,
  };
}

function packageVersion(input: DriverInput): string | undefined {
  const name = input.package?.path ?? input.package?.hostPath;
  return name === undefined ? undefined : packageFacts(basename(name))?.version;
}

/** Returns why the version that the release means is not known, `null` when it is. */
export function versionRefusal(driver: DesiredDriver | null, where: string): ErrorParts | null {
  if (driver === null || driver.version !== "unknown") return null;
  return {
    code: "VGPU_UNKNOWN_RELEASE",
    where,
    what: `the driver version of release ${driver.release} is not known`,
    saw: "no row in the catalog, and a package whose name does not say its version",
    expected: "a release of the catalog, or a package under its original name",
    next: "declare driver.package with the vendor's file name, e.g. NVIDIA-Linux-x86_64-<version>-vgpu-kvm.run",
    property: "driver.release",
  };
}

/** Returns why the package cannot be installed yet, `null` when it can. */
export function formRefusal(input: DriverInput | undefined, where: string): ErrorParts | null {
  const name = basename(input?.package?.path ?? input?.package?.hostPath ?? "");
  const form = name === "" ? "run" : (packageFacts(name)?.form ?? "run");
  if (form === "run") return null;
  return {
    code: "VGPU_INPUT",
    where,
    what: `a .${form} package cannot be installed yet`,
    saw: name,
    expected: "the vendor's .run package",
    next: "declare the .run file of the same release",
    property: "driver.package",
  };
}

const hashes = new Map<string, Promise<string>>();

/** Returns why the local package is not the declared one, `null` when it is. Each file is read once per process. */
export async function packageRefusal(
  driver: DesiredDriver | null,
  where: string,
): Promise<ErrorParts | null> {
  const path = driver?.package?.localPath;
  if (driver?.package == null || path == null) return null;
  const base = { code: "VGPU_PACKAGE_MISMATCH" as const, where, property: "driver.package" };
  const found = await hashOf(path).catch((error: NodeJS.ErrnoException) => error);
  if (typeof found !== "string") {
    return {
      ...base,
      what: "the driver package cannot be read",
      saw: `${path}: ${found.code ?? found.message}`,
      expected: "a readable file on the machine that runs Pulumi",
      next: "correct driver.package.path; relative paths start at the folder of Pulumi.yaml",
    };
  }
  if (found === driver.package.sha256) return null;
  return {
    ...base,
    what: "the driver package is another file than declared",
    saw: `sha256 ${found} (${path})`,
    expected: `sha256 ${driver.package.sha256}`,
    next: "fetch the package again, or declare the hash of the file that is meant",
  };
}

/** Returns why the package that lies on the machine is not the declared one, `null` when it is or none is needed. */
export async function hostPackageRefusal(
  steps: readonly Step[],
  session: Session,
  where: string,
): Promise<ErrorParts | null> {
  const install = steps.find((step) => step.kind === "install-driver");
  const path = install?.package.remotePath;
  if (install === undefined || path == null) return null;
  const found = await observePackage(session, path);
  if (found === install.package.sha256) return null;
  return {
    code: "VGPU_PACKAGE_MISMATCH",
    where,
    what:
      found === null
        ? "the driver package is not on the machine"
        : "the driver package on the machine is another file than declared",
    saw: found === null ? `no file ${path}` : `sha256 ${found} (${path})`,
    expected: `sha256 ${install.package.sha256}`,
    next: "put the right file there, or declare its path and hash",
    property: "driver.package",
  };
}

async function hashOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  const key = `${path} ${size} ${mtimeMs}`;
  let hash = hashes.get(key);
  if (hash === undefined) {
    hash = hashFile(path);
    hashes.set(key, hash);
  }
  return hash;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
