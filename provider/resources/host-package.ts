import { packagePath } from "../apply/driver-steps.js";
import { largestPackageBytes, packageContent } from "../catalog/package-content.js";
import { canonicalVersion } from "../catalog/releases.js";
import type { ErrorParts } from "../model/errors.js";
import type { MachineFacts } from "../model/facts.js";
import { observePackage, type SeenPackage } from "../observe/observe-package.js";
import type { DesiredDriver } from "../plan/desired.js";
import { packageMismatch } from "../plan/driver/package-fit.js";
import { installerRoomRefusals } from "../plan/prerequisites/installer-room.js";
import type { PackageSource, Step } from "../plan/steps.js";
import type { Session } from "../transport/session.js";

/** What hostPackageRefusal needs to know of a plan. */
export interface PackageLook {
  readonly steps: readonly Step[];
  readonly driver: DesiredDriver | null;
  readonly role: "host" | "guest";
  readonly where: string;
  readonly facts: MachineFacts;
}

type Found = SeenPackage & { readonly path: string };

/**
 * Returns why the package that lies on the machine cannot be installed, `null` when it can or none is needed. The copy that
 * a run before made of it is judged, too: another release may be declared since.
 */
export async function hostPackageRefusal(session: Session, look: PackageLook): Promise<ErrorParts | null> {
  const source = look.steps.find((step) => step.kind === "install-driver")?.package;
  const path = source?.remotePath;
  if (source === undefined || path == null || look.driver === null) return null;
  const found = (await soundCopy(session, look.steps, source)) ?? (await seenAt(session, path));
  if (found?.sha256 !== source.sha256) return fileRefusal(look, { found, path, sha256: source.sha256 });
  return contentRefusal(look, found, look.driver) ?? roomRefusal(look, found.bytes);
}

async function seenAt(session: Session, path: string): Promise<Found | null> {
  const seen = await observePackage(session, path);
  return seen === null ? null : { ...seen, path };
}

/** A copy that is to be made is not there yet; one that is damaged is made anew. */
async function soundCopy(session: Session, steps: readonly Step[], { sha256 }: PackageSource) {
  if (steps.some((step) => step.kind === "copy-package")) return null;
  const copy = await seenAt(session, packagePath(sha256));
  return copy?.sha256 === sha256 ? copy : null;
}

function fileRefusal(
  look: PackageLook,
  { found, path, sha256 }: { readonly found: Found | null; readonly path: string; readonly sha256: string },
): ErrorParts {
  const base = {
    code: "VGPU_PACKAGE_MISMATCH" as const,
    where: look.where,
    expected: `sha256 ${sha256}`,
    next: "put the right file there, or declare its path and hash",
    property: "driver.package",
  };
  if (found === null)
    return { ...base, what: "the driver package is not on the machine", saw: `no file ${path}` };
  const { bytes } = found;
  if (bytes !== null && bytes > largestPackageBytes)
    return {
      ...base,
      what: "the file on the machine is too big for a driver package",
      saw: `${path} has ${mib(bytes)} MiB (stat)`,
      expected: `at most ${mib(largestPackageBytes)} MiB, as every driver package`,
    };
  if (found.sha256 === "")
    return {
      ...base,
      what: "the driver package on the machine cannot be read",
      saw: `${path}: its sha256 could not be read within 100 s (sha256sum)`,
    };
  return {
    ...base,
    what: "the driver package on the machine is another file than declared",
    saw: `sha256 ${found.sha256} (${path})`,
  };
}

function mib(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}

/** How big it is says only this look: the plan knew no more than what any package takes. */
function roomRefusal({ where, facts, steps }: PackageLook, bytes: number | null): ErrorParts | null {
  return installerRoomRefusals({ name: where }, facts, { steps, bytes: bytes ?? undefined })[0] ?? null;
}

function contentRefusal(look: PackageLook, found: Found, driver: DesiredDriver): ErrorParts | null {
  const content = packageContent(found.head);
  const { release, version } = driver;
  const place = `${found.path} on the machine`;
  const mismatch = packageMismatch({ role: look.role, release, place, content }, look.where);
  if (mismatch !== null || canonicalVersion(content.product?.version ?? "") === version) return mismatch;
  return {
    code: "VGPU_PACKAGE_MISMATCH",
    where: look.where,
    what: `the driver package is of version ${content.product?.version}, its name says ${version}`,
    saw: `${place}: ${content.evidence}`,
    expected: "a file that is what its name says",
    next: "put the file there under its original name, and declare that path",
    property: "driver.package",
  };
}
