import { once, readData } from "./data.js";
import { branches, branchOfRelease } from "./releases.js";

/** Whether a guest driver works with a vGPU manager, and how that is known. */
export interface Compatibility {
  readonly compatible: boolean | "unknown";
  /** A row for this very host release, the rule for its branch, or nothing. */
  readonly basis: "catalog" | "derived" | "none";
  /** Codes of `sources()`. */
  readonly source: readonly string[];
}

interface BuildRow {
  readonly build: string;
  readonly releases: readonly string[];
}

interface HostRow {
  readonly releases: readonly string[];
  readonly guestBuilds: readonly string[];
  readonly sources: readonly string[];
}

interface BranchRule {
  readonly host: string;
  readonly guests: readonly string[];
  readonly sources: readonly string[];
}

interface GuestList {
  readonly releases: ReadonlySet<string>;
  readonly branches: ReadonlySet<string>;
  readonly sources: readonly string[];
}

interface CompatibilityTables {
  readonly byRelease: ReadonlyMap<string, GuestList>;
  readonly byBranch: ReadonlyMap<string, GuestList>;
}

const unknown: Compatibility = { compatible: "unknown", basis: "none", source: [] };
const ruleSource = ["G1"];

const tables = once((): CompatibilityTables => {
  const data = readData<{
    builds: readonly BuildRow[];
    hosts: readonly HostRow[];
    branchRules: readonly BranchRule[];
  }>("compatibility.json");
  const builds = new Map(data.builds.map((row) => [row.build, row.releases]));
  const byRelease = new Map<string, GuestList>();
  const byBranch = new Map<string, GuestList>();
  for (const host of data.hosts) {
    const list = guestList(host, builds);
    for (const release of host.releases) {
      byRelease.set(release, merged(byRelease.get(release), list));
      const branch = branchOf(release);
      byBranch.set(branch, merged(byBranch.get(branch), list));
    }
  }
  for (const rule of data.branchRules) {
    byBranch.set(rule.host, { releases: new Set(), branches: new Set(rule.guests), sources: rule.sources });
  }
  return { byRelease, byBranch };
});

/** The rows name releases and, where a build stands for all of it, a bare branch. */
function branchOf(release: string): string {
  return release.split(".")[0] ?? "";
}

function guestList(host: HostRow, builds: ReadonlyMap<string, readonly string[]>): GuestList {
  const guests = host.guestBuilds.flatMap((build) => builds.get(build) ?? []);
  return { releases: new Set(guests), branches: new Set(guests.map(branchOf)), sources: host.sources };
}

function merged(known: GuestList | undefined, list: GuestList): GuestList {
  if (known === undefined) return list;
  return {
    releases: new Set([...known.releases, ...list.releases]),
    branches: new Set([...known.branches, ...list.branches]),
    sources: [...new Set([...known.sources, ...list.sources])],
  };
}

/**
 * Returns whether guests with the driver of `guestRelease` work on a host with the vGPU manager of `hostRelease`.
 * A row of NVIDIA's driver catalog for the host's release decides; a guest release younger than that list, or a host release
 * without a row, goes by branch (`"derived"`): what the branch's rows accept, from 18 on the release notes' rule. Branches that the
 * catalog does not know are judged only by what holds for all: one branch fits itself, and no guest is newer than its manager.
 */
export function guestCompatibility(hostRelease: string, guestRelease: string): Compatibility {
  const hostBranch = branchOfRelease(hostRelease);
  const guestBranch = branchOfRelease(guestRelease);
  if (hostBranch === null || guestBranch === null) return unknown;
  const row = tables().byRelease.get(hostRelease);
  if (row?.releases.has(guestRelease)) return { compatible: true, basis: "catalog", source: row.sources };
  if (row !== undefined && !row.branches.has(guestBranch)) {
    return { compatible: false, basis: "catalog", source: row.sources };
  }
  const list = row ?? tables().byBranch.get(hostBranch);
  if (list !== undefined)
    return { compatible: list.branches.has(guestBranch), basis: "derived", source: list.sources };
  return byOrder(Number(hostBranch), Number(guestBranch));
}

function byOrder(hostBranch: number, guestBranch: number): Compatibility {
  if (hostBranch === guestBranch) return { compatible: true, basis: "derived", source: ruleSource };
  if (guestBranch > hostBranch) return { compatible: false, basis: "derived", source: ruleSource };
  return unknown;
}

/** Returns the branches whose guests a host with this release takes, newest first; `null` if not known. */
export function guestBranchesOf(hostRelease: string): readonly string[] | null {
  const branch = branchOfRelease(hostRelease);
  if (branch === null) return null;
  const list = tables().byRelease.get(hostRelease) ?? tables().byBranch.get(branch);
  if (list === undefined) return null;
  return branches()
    .map((row) => row.branch)
    .filter((candidate) => list.branches.has(candidate));
}
