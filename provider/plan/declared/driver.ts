import { type PackageFacts, packageFacts } from "../../catalog/packages.js";
import {
  branches,
  branchOfRelease,
  canonicalVersion,
  findRelease,
  nearestReleases,
  type Release,
  releaseOfGuestDriver,
  releaseStanding,
  releases,
  releasesOfManager,
} from "../../catalog/releases.js";
import { type Refusal, refusal } from "./program.js";

/** The driver that a resource declares for its machine. */
export interface DeclaredDriver {
  readonly resource: string;
  readonly role: "host" | "guest";
  readonly release: string | null;
  readonly packageName: string | null;
}

const partOf = { host: "vGPU manager", guest: "Linux guest driver" } as const;
const folderOf = { host: "Host_Drivers", guest: "Guest_Drivers" } as const;
const runSuffix = { host: "vgpu-kvm", guest: "grid" } as const;

/** Returns what is wrong with a declared release and driver package, by the catalog and the file's name alone. */
export function checkDriver(driver: DeclaredDriver): Refusal[] {
  const found = [releaseRefusal(driver), packageRefusal(driver)];
  return found.filter((one) => one !== undefined);
}

function releaseRefusal({ resource, release }: DeclaredDriver): Refusal | undefined {
  if (release === null) return undefined;
  const standing = releaseStanding(release);
  if (standing === "known" || standing === "newer") return undefined;
  const offers = nearestReleases(release);
  return refusal(resource, {
    code: "VGPU_UNKNOWN_RELEASE",
    property: "driver.release",
    what: `"${release}" is no vGPU software release`,
    saw: `driver.release "${release}"; ${whyNoRelease(release, standing)}`,
    expected: 'a release number such as "17.4"',
    next: `set driver.release to ${offers.map((offer) => `"${offer}"`).join(", ")} or another release`,
  });
}

function whyNoRelease(release: string, standing: "absent" | "malformed"): string {
  const driverOf = [...releasesOfManager(release), ...releaseOfGuestDriver(release)];
  if (driverOf.length > 0) return `${release} is a driver version (catalog)`;
  if (standing === "malformed") return "a release is written branch.number";
  const branch = branches().find((row) => row.branch === branchOfRelease(release));
  if (branch === undefined) {
    return `the catalog holds ${releases().at(-1)?.release} to ${releases()[0]?.release}`;
  }
  const newest = releases().find((row) => row.branch === branch.branch)?.release;
  const end = branch.endOfLife === undefined ? "" : `, its support ends ${branch.endOfLife}`;
  return `the newest release of branch ${branch.branch} is ${newest}${end} (catalog)`;
}

interface Mismatch {
  readonly what: string;
  readonly expected: string;
  readonly next: string;
}

function packageRefusal(driver: DeclaredDriver): Refusal | undefined {
  if (driver.packageName === null) return undefined;
  const facts = packageFacts(driver.packageName);
  if (facts === null) return undefined;
  const mismatch = kindMismatch(driver, facts) ?? versionMismatch(driver, facts);
  if (mismatch === undefined) return undefined;
  return refusal(driver.resource, {
    code: "VGPU_PACKAGE_MISMATCH",
    property: "driver.package",
    saw: `driver.package ${fileName(driver.packageName)} (its name)`,
    ...mismatch,
  });
}

function fileName(packageName: string): string {
  return packageName.split(/[\\/]/).at(-1) ?? packageName;
}

function kindMismatch(driver: DeclaredDriver, facts: PackageFacts): Mismatch | undefined {
  const { role } = driver;
  if (facts.kind === role && facts.os === "linux") return undefined;
  const expected = `a ${partOf[role]}: ${expectedFile(driver)}`;
  if (facts.kind === "archive") {
    const next = `unpack it and give the file in its folder ${folderOf[role]}`;
    return { what: "the driver package is the archive of all drivers", expected, next };
  }
  const next = "give the path of that file";
  if (facts.os === "windows") return { what: "the driver package is for Windows", expected, next };
  if (facts.kind === "plain") {
    return { what: "the driver package is for GPUs without vGPU", expected, next };
  }
  return { what: `the driver package is a ${partOf[facts.kind]}`, expected, next };
}

function expectedFile({ role, release }: DeclaredDriver): string {
  const row = release === null ? null : findRelease(release);
  const version = row === null ? "<version>" : versionOf(role, row);
  return `NVIDIA-Linux-x86_64-${version}-${runSuffix[role]}.run`;
}

function versionOf(role: "host" | "guest", row: Release): string {
  return role === "host" ? row.managerVersion : row.linuxGuestVersion;
}

function versionMismatch(driver: DeclaredDriver, facts: PackageFacts): Mismatch | undefined {
  const { role, release } = driver;
  if (release === null) return undefined;
  const wanted = wantedVersion(driver, facts);
  if (wanted === undefined) return undefined;
  const shippedBy = role === "host" ? releasesOfManager(facts.version) : releaseOfGuestDriver(facts.version);
  const others = shippedBy.map((row) => row.release);
  const says = others.length === 0 ? "" : ` (release ${others.join(" or ")})`;
  const file = expectedFile(driver);
  const declare = others.length === 0 ? "correct driver.release" : `set driver.release to "${others[0]}"`;
  return {
    what: `the ${partOf[role]} ${facts.version}${says} is not that of release ${release}`,
    expected: `${wanted} for release ${release} (catalog)`,
    next: file.includes("<") ? declare : `give ${file}, or ${declare}`,
  };
}

/** What the version had to be, said in words; `undefined` if it fits or nothing is known against it. */
function wantedVersion({ role, release }: DeclaredDriver, facts: PackageFacts): string | undefined {
  const row = findRelease(release ?? "");
  if (row !== null) {
    const wanted = versionOf(role, row);
    return canonicalVersion(wanted) === canonicalVersion(facts.version) ? undefined : `version ${wanted}`;
  }
  if (releaseStanding(release ?? "") !== "newer") return undefined;
  const branch = branches().find((candidate) => candidate.branch === branchOfRelease(release ?? ""));
  const major = branch?.driverBranch.slice(1);
  if (major !== undefined && facts.version.split(".")[0] !== major)
    return `a version that begins with ${major}`;
  const ofOthers = role === "host" ? releasesOfManager(facts.version) : releaseOfGuestDriver(facts.version);
  return ofOthers.length > 0 ? "a version that no earlier release has" : undefined;
}
