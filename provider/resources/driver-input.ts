import { basename, resolve } from "node:path";
import { largestPackageBytes, packageContent } from "../catalog/package-content.js";
import { packageFacts } from "../catalog/packages.js";
import { canonicalVersion, findRelease } from "../catalog/releases.js";
import type { ErrorParts } from "../model/errors.js";
import type { DesiredDriver } from "../plan/desired.js";
import { packageMismatch } from "../plan/driver/package-fit.js";
import { localHash, localHead, localHeadIfThere, localSizeIfThere } from "./local-package.js";

type Side = "host" | "guest";

/** The driver part of a resource's inputs. */
export interface DriverInput {
  readonly release: string;
  readonly package?:
    | { readonly path?: string | undefined; readonly hostPath?: string | undefined; readonly sha256: string }
    | undefined;
}

/**
 * Returns the driver that is wanted. Its version is the release's in the catalog; of a release that the catalog does not
 * know, what the package's header says; of a package on the machine, what its name says, until its header is seen there.
 */
export function desiredDriver(input: DriverInput | undefined, side: Side): DesiredDriver | null {
  if (input === undefined) return null;
  const row = findRelease(input.release);
  const known = side === "host" ? row?.managerVersion : row?.linuxGuestVersion;
  const source = input.package;
  const bytes = source?.path ? localSizeIfThere(resolve(source.path)) : null;
  return {
    release: input.release,
    version: canonicalVersion(known ?? packageVersion(input) ?? "unknown"),
    package: source
      ? {
          localPath: source.path ? resolve(source.path) : null,
          remotePath: source.hostPath ?? null,
          sha256: source.sha256,
          ...(bytes === null ? {} : { bytes }),
        }
      : null,
  };
}

function packageVersion({ package: source }: DriverInput): string | undefined {
  if (source === undefined) return undefined;
  const head = source.path === undefined ? null : localHeadIfThere(resolve(source.path));
  if (head !== null) return packageContent(head).product?.version;
  return packageFacts(basename(source.path ?? source.hostPath ?? ""))?.version;
}

/** Returns why the declared driver cannot be installed, as far as the machine that runs Pulumi can tell. */
export async function driverInputRefusals(
  input: DriverInput | undefined,
  side: Side,
  where: string,
): Promise<ErrorParts[]> {
  const driver = desiredDriver(input, side);
  const refusal = (await packageRefusal(driver, side, where)) ?? versionRefusal(driver, where);
  return refusal === null ? [] : [refusal];
}

function versionRefusal(driver: DesiredDriver | null, where: string): ErrorParts | null {
  if (driver === null || driver.version !== "unknown") return null;
  return {
    code: "VGPU_UNKNOWN_RELEASE",
    where,
    what: `the driver version of release ${driver.release} is not known`,
    saw: `no row in the catalog, and ${driver.package === null ? "no package" : "a package on the machine whose name does not say its version"}`,
    expected:
      "a release of the catalog, a package on the machine that runs Pulumi, or one under its original name",
    next: "declare driver.package by path, or by a hostPath with the vendor's file name, e.g. NVIDIA-Linux-x86_64-<version>-vgpu-kvm.run",
    property: "driver.release",
  };
}

/** Each file is read once per process. */
async function packageRefusal(
  driver: DesiredDriver | null,
  role: Side,
  where: string,
): Promise<ErrorParts | null> {
  const path = driver?.package?.localPath;
  if (driver?.package == null || path == null) return null;
  const base = { code: "VGPU_PACKAGE_MISMATCH" as const, where, property: "driver.package" };
  const { bytes = 0 } = driver.package;
  if (bytes > largestPackageBytes) return { ...base, ...tooBig(path, bytes) };
  let found: string;
  try {
    found = await localHash(path);
  } catch (error) {
    return {
      ...base,
      what: "the driver package cannot be read",
      saw: `${path}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
      expected: "a readable file on the machine that runs Pulumi",
      next: "correct driver.package.path; relative paths start at the folder of Pulumi.yaml",
    };
  }
  if (found !== driver.package.sha256) {
    return {
      ...base,
      what: "the driver package is another file than declared",
      saw: `sha256 ${found} (${path})`,
      expected: `sha256 ${driver.package.sha256}`,
      next: "fetch the package again, or declare the hash of the file that is meant",
    };
  }
  const content = packageContent(localHead(path));
  return packageMismatch({ role, release: driver.release, place: path, content }, where);
}

/** What is no package by its size alone is not read: of a sparse file there may be millions of MiB. */
function tooBig(path: string, bytes: number): Pick<ErrorParts, "what" | "saw" | "expected" | "next"> {
  const mib = (size: number) => Math.floor(size / 2 ** 20);
  return {
    what: "the file is too big for a driver package",
    saw: `${path} has ${mib(bytes)} MiB`,
    expected: `at most ${mib(largestPackageBytes)} MiB, as every driver package`,
    next: "correct driver.package.path, and the hash beside it",
  };
}
