import { once, readData } from "./data.js";
import { nearestTexts } from "./nearest.js";

interface BranchRow {
  readonly branch: string;
  readonly driverBranch: string;
  readonly type?: "long-term-support" | "production";
  readonly endOfLife?: string;
  readonly sources: readonly string[];
}

/** A branch of the vGPU software. */
export type Branch = BranchRow;

interface ReleaseRow {
  readonly release: string;
  readonly managerVersion: string;
  readonly windowsManagerVersion?: string;
  readonly linuxGuestVersion: string;
  readonly windowsGuestVersion: string;
  readonly released?: string;
  readonly sources: readonly string[];
}

/** A release of the vGPU software; its parts have versions of their own. */
export interface Release extends ReleaseRow {
  /** e.g. `"17"` of 17.4. */
  readonly branch: string;
  /** e.g. `"R550"`. */
  readonly driverBranch: string;
}

/** How a text stands to the catalog: a row, not issued yet as far as known, one that cannot be, no release number at all. */
export type ReleaseStanding = "known" | "newer" | "absent" | "malformed";

interface ReleaseTables {
  /** When the newest source was read. */
  readonly asOf: string;
  readonly branches: readonly Branch[];
  readonly releases: readonly Release[];
}

/** How far past the newest known number a release may lie and be taken for one the catalog does not know yet: a typo is further away. */
const newerBranches = 3;
const newestMinor = 19;

const tables = once((): ReleaseTables => {
  const data = readData<{ asOf: string; branches: readonly Branch[]; releases: readonly ReleaseRow[] }>(
    "releases.json",
  );
  const driverBranches = new Map(data.branches.map((row) => [row.branch, row.driverBranch]));
  const releases = data.releases.map((row) => {
    const branch = branchOfRelease(row.release) ?? "";
    return { ...row, branch, driverBranch: driverBranches.get(branch) ?? "" };
  });
  return { ...data, releases };
});

/** Returns every release of the catalog, newest first. */
export function releases(): readonly Release[] {
  return tables().releases;
}

/** Returns every branch of the catalog, newest first. */
export function branches(): readonly Branch[] {
  return tables().branches;
}

/** Returns the release with this number, e.g. `"17.4"`; `null` if the catalog has none. */
export function findRelease(release: string): Release | null {
  return tables().releases.find((row) => row.release === release) ?? null;
}

/** Returns `"17"` of `"17.4"`; `null` if the text is no release number. */
export function branchOfRelease(release: string): string | null {
  return /^([1-9]\d?)\.(?:0|[1-9]\d?)$/.exec(release)?.[1] ?? null;
}

/**
 * Returns how `release` stands to the catalog. `"newer"` is a number of a later branch, or past the newest one of a branch that
 * was still maintained when the newest source was read; a missing number below that, or in a closed branch, is `"absent"`.
 */
export function releaseStanding(release: string): ReleaseStanding {
  const branch = branchOfRelease(release);
  if (branch === null) return "malformed";
  if (findRelease(release) !== null) return "known";
  const newestBranch = Number(tables().branches[0]?.branch);
  const beyond = Number(branch) - newestBranch;
  const minor = minorOf(release);
  if (minor > newestMinor || beyond > newerBranches) return "absent";
  if (beyond > 0) return "newer";
  const row = tables().branches.find((candidate) => candidate.branch === branch);
  if (row === undefined || isClosed(row)) return "absent";
  const known = tables().releases.filter((candidate) => candidate.branch === branch);
  return minor > Math.max(...known.map((candidate) => minorOf(candidate.release))) ? "newer" : "absent";
}

function minorOf(release: string): number {
  return Number(release.split(".")[1]);
}

function isClosed(branch: Branch): boolean {
  return branch.endOfLife !== undefined && branch.endOfLife < tables().asOf.slice(0, 7);
}

/**
 * Returns the `count` releases that `text` most likely means: those with that number as a driver version, else those of its branch
 * nearest to it, else those written most like it.
 */
export function nearestReleases(text: string, count = 3): readonly string[] {
  const wanted = text.trim();
  const byVersion = [...releasesOfManager(wanted), ...releaseOfGuestDriver(wanted)].map((row) => row.release);
  if (byVersion.length > 0) return [...new Set(byVersion)].slice(0, count);
  const [branch, minor] = wanted.split(".");
  const ofBranch = tables().releases.filter((row) => row.branch === branch);
  if (ofBranch.length > 0) {
    const target = /^\d+$/.test(minor ?? "") ? Number(minor) : Number.POSITIVE_INFINITY;
    return nearestMinors(ofBranch, target).slice(0, count);
  }
  return nearestTexts(
    wanted,
    tables().releases.map((row) => row.release),
    count,
  );
}

function nearestMinors(rows: readonly Release[], target: number): readonly string[] {
  if (target === Number.POSITIVE_INFINITY) return rows.map((row) => row.release);
  const distance = (row: Release) => Math.abs(minorOf(row.release) - target);
  return rows.toSorted((a, b) => distance(a) - distance(b)).map((row) => row.release);
}

/** Returns a driver version without trailing `.00`, which some tables and file names carry and others do not. */
export function canonicalVersion(version: string): string {
  let bare = version.trim();
  while (bare.endsWith(".00")) bare = bare.slice(0, -3);
  return bare;
}

/** Returns the releases that ship this vGPU manager for Linux KVM, newest first: several may share one manager. */
export function releasesOfManager(version: string): readonly Release[] {
  const wanted = canonicalVersion(version);
  return tables().releases.filter((row) => canonicalVersion(row.managerVersion) === wanted);
}

/** Returns the releases that ship this guest driver, Linux or Windows, newest first: several may share one. */
export function releaseOfGuestDriver(version: string): readonly Release[] {
  const wanted = canonicalVersion(version);
  return tables().releases.filter(
    (row) =>
      canonicalVersion(row.linuxGuestVersion) === wanted ||
      canonicalVersion(row.windowsGuestVersion) === wanted,
  );
}
