import {
  branches,
  branchOfRelease,
  nearestReleases,
  releaseOfGuestDriver,
  releaseStanding,
  releases,
  releasesOfManager,
} from "../../catalog/releases.js";
import { type Refusal, refusal } from "./program.js";

/** The driver that a resource declares for its machine. */
export interface DeclaredDriver {
  readonly resource: string;
  readonly release: string | null;
}

/** Returns what is wrong with a declared release, by the catalog alone. Its package is judged by content, where that lies. */
export function checkDriver(driver: DeclaredDriver): Refusal[] {
  const found = releaseRefusal(driver);
  return found === undefined ? [] : [found];
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
