import type { PackageContent } from "../../catalog/package-content.js";
import {
  branches,
  branchOfRelease,
  canonicalVersion,
  findRelease,
  type Release,
  releaseOfGuestDriver,
  releaseStanding,
  releasesOfManager,
} from "../../catalog/releases.js";
import type { ErrorParts } from "../../model/errors.js";

/** A driver package that a resource declares, and what lies in it. */
export interface DeclaredPackage {
  readonly role: "host" | "guest";
  readonly release: string;
  /** Where it lies, for people, e.g. `"/srv/driver.run"`, `"/srv/driver.run on the machine"`. */
  readonly place: string;
  readonly content: PackageContent;
}

type Mismatch = Pick<ErrorParts, "what" | "expected" | "next">;

const partOf = { host: "vGPU manager", guest: "Linux guest driver" } as const;
const folderOf = { host: "Host_Drivers", guest: "Guest_Drivers" } as const;
const runSuffix = { host: "vgpu-kvm", guest: "grid" } as const;

/**
 * Returns why a package cannot be installed for the declared release, by its content alone: `null` when it is a `.run` of
 * this side and of this release. What cannot be told is refused, not guessed.
 */
export function packageMismatch(declared: DeclaredPackage, where: string): ErrorParts | null {
  const mismatch = formMismatch(declared) ?? productMismatch(declared);
  if (mismatch === null) return null;
  return {
    code: "VGPU_PACKAGE_MISMATCH",
    where,
    ...mismatch,
    saw: `${declared.place}: ${declared.content.evidence}`,
    property: "driver.package",
  };
}

const whatFormIs: Partial<Record<PackageContent["form"], string>> = {
  zip: "a zip archive, such as that of all drivers",
  archive: "an archive",
  exe: "for Windows",
  empty: "an empty file",
};

function formMismatch(declared: DeclaredPackage): Mismatch | null {
  const { form } = declared.content;
  const expected = expectedPart(declared);
  if (form === "run") return null;
  if (form === "deb" || form === "rpm")
    return {
      what: `a .${form} package cannot be installed yet`,
      expected,
      next: "declare the .run file of the same release",
    };
  const nextOf: Partial<Record<PackageContent["form"], string>> = {
    zip: `unpack it and give the file in its folder ${folderOf[declared.role]}`,
    archive: "unpack it and give that file",
  };
  const next = nextOf[form] ?? "give that file as the vendor delivers it; its name does not matter";
  return {
    what: `the driver package is ${whatFormIs[form] ?? "no package of the vendor's"}`,
    expected,
    next,
  };
}

function productMismatch(declared: DeclaredPackage): Mismatch | null {
  const { role, content } = declared;
  const expected = expectedPart(declared);
  const { product } = content;
  if (product === null) {
    return {
      what: "it cannot be told what the driver package is",
      expected,
      next: "give that file as the vendor delivers it; patched and merged packages are not taken",
    };
  }
  if (product.kind === role) return versionMismatch(declared, product.version);
  const what =
    product.kind === "plain"
      ? "the driver package is for GPUs without vGPU"
      : `the driver package is a ${partOf[product.kind]}`;
  return { what, expected, next: "give the path of that file" };
}

function expectedPart(declared: DeclaredPackage): string {
  return `a ${partOf[declared.role]}: ${expectedFile(declared)}`;
}

function expectedFile({ role, release }: DeclaredPackage): string {
  const row = findRelease(release);
  const version = row === null ? "<version>" : versionOf(role, row);
  return `NVIDIA-Linux-x86_64-${version}-${runSuffix[role]}.run`;
}

function versionOf(role: "host" | "guest", row: Release): string {
  return role === "host" ? row.managerVersion : row.linuxGuestVersion;
}

function versionMismatch(declared: DeclaredPackage, version: string): Mismatch | null {
  const { role, release } = declared;
  const wanted = wantedVersion(declared, version);
  if (wanted === undefined) return null;
  const others = shippedBy(role, version).map((row) => row.release);
  const says = others.length === 0 ? "" : ` (release ${others.join(" or ")})`;
  const file = expectedFile(declared);
  const declare = others.length === 0 ? "correct driver.release" : `set driver.release to "${others[0]}"`;
  return {
    what: `the ${partOf[role]} ${version}${says} is not that of release ${release}`,
    expected: `${wanted} for release ${release} (catalog)`,
    next: file.includes("<") ? declare : `give ${file}, or ${declare}`,
  };
}

function shippedBy(role: "host" | "guest", version: string): readonly Release[] {
  return role === "host" ? releasesOfManager(version) : releaseOfGuestDriver(version);
}

/** What the version had to be, said in words; `undefined` if it fits or nothing is known against it. */
function wantedVersion({ role, release }: DeclaredPackage, version: string): string | undefined {
  const row = findRelease(release);
  if (row !== null) {
    const wanted = versionOf(role, row);
    return canonicalVersion(wanted) === canonicalVersion(version) ? undefined : `version ${wanted}`;
  }
  if (releaseStanding(release) !== "newer") return undefined;
  const branch = branches().find((candidate) => candidate.branch === branchOfRelease(release));
  const major = branch?.driverBranch.slice(1);
  if (major !== undefined && version.split(".")[0] !== major) return `a version that begins with ${major}`;
  return shippedBy(role, version).length > 0 ? "a version that no earlier release has" : undefined;
}
