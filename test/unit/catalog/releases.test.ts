import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  branches,
  branchOfRelease,
  canonicalVersion,
  findRelease,
  nearestReleases,
  releaseOfGuestDriver,
  releaseStanding,
  releases,
  releasesOfManager,
} from "../../../provider/catalog/releases.js";
import { sources } from "../../../provider/catalog/sources.js";

const codes = new Set(sources().map((source) => source.code));
const numbers = (rows: readonly { readonly release: string }[]) => rows.map((row) => row.release);

describe("releases", () => {
  it("each fit their branch and name their sources", () => {
    for (const row of releases()) {
      const major = row.driverBranch.slice(1);
      expect(row.branch).toBe(branchOfRelease(row.release));
      expect(row.managerVersion.startsWith(`${major}.`), row.release).toBe(true);
      expect(row.linuxGuestVersion.startsWith(`${major}.`), row.release).toBe(true);
      expect(row.sources.length, row.release).toBeGreaterThan(0);
      for (const code of row.sources) expect(codes).toContain(code);
    }
  });

  it("are each found by number and by the versions of their parts", () => {
    for (const row of releases()) {
      expect(findRelease(row.release)).toBe(row);
      expect(releaseStanding(row.release)).toBe("known");
      expect(releasesOfManager(row.managerVersion)).toContain(row);
      expect(releaseOfGuestDriver(row.linuxGuestVersion)).toContain(row);
      expect(releaseOfGuestDriver(row.windowsGuestVersion)).toContain(row);
    }
  });

  it("knows the end of every branch but the newest", () => {
    expect(branches().filter((row) => row.endOfLife === undefined)).toMatchObject([{ branch: "20" }]);
  });
});

describe("canonicalVersion", () => {
  it.each([
    ["470.82.00", "470.82"],
    [" 470.82.00.00 ", "470.82"],
    ["470.82.001", "470.82.001"],
    ["470.00.82", "470.00.82"],
  ])("of %j is %s", (version, bare) => {
    expect(canonicalVersion(version)).toBe(bare);
  });
});

describe("releasesOfManager", () => {
  it.each([
    ["550.90.05", ["17.3", "17.2"]],
    ["535.183.04", ["16.7", "16.6"]],
    ["510.108.03", ["14.4", "14.3"]],
    ["550.127.06", ["17.4"]],
    ["470.82.00", ["13.1"]],
    ["550.127.05", []],
  ])("answers %s with all that share it", (version, expected) => {
    expect(numbers(releasesOfManager(version))).toEqual(expected);
  });
});

describe("releaseOfGuestDriver", () => {
  it("goes by guest versions, not by the manager's", () => {
    expect(numbers(releaseOfGuestDriver("550.127.05"))).toEqual(["17.4"]);
    expect(numbers(releaseOfGuestDriver("553.24"))).toEqual(["17.4"]);
    expect(numbers(releaseOfGuestDriver("550.127.06"))).toEqual([]);
  });
});

describe("releaseStanding", () => {
  it.each([
    ["20.3", "newer"],
    ["21.0", "newer"],
    ["19.7", "newer"],
    ["17.9", "absent"],
    ["18.7", "absent"],
    ["7.4", "absent"],
    ["71.4", "absent"],
    ["20.19", "newer"],
    ["20.20", "absent"],
    ["23.0", "newer"],
    ["24.0", "absent"],
    ["23.20", "absent"],
    ["0.1", "malformed"],
    ["100.1", "malformed"],
    ["17.100", "malformed"],
    ["17.00", "malformed"],
    ["19.70", "absent"],
    ["17", "malformed"],
    ["17.04", "malformed"],
    ["v17.4", "malformed"],
    ["17.4.1", "malformed"],
    ["550.127.06", "malformed"],
    ["", "malformed"],
  ])("%s is %s", (release, standing) => {
    expect(releaseStanding(release)).toBe(standing);
  });
});

describe("nearestReleases", () => {
  it.each([
    ["17.9", ["17.6", "17.5", "17.4"]],
    ["17", ["17.6", "17.5", "17.4"]],
    ["550.127.06", ["17.4"]],
    ["550.90.07", ["17.3", "17.2"]],
    ["553.24", ["17.4"]],
    [" 17.9 ", ["17.6", "17.5", "17.4"]],
    ["17.1", ["17.1", "17.2", "17.0"]],
    ["17.x1", ["17.6", "17.5", "17.4"]],
    ["17.1x", ["17.6", "17.5", "17.4"]],
  ])("offers for %s", (text, expected) => {
    expect(nearestReleases(text)).toEqual(expected);
  });

  it("offers as many as asked for", () => {
    expect(nearestReleases("17.9", 1)).toEqual(["17.6"]);
    expect(nearestReleases("550.90.07", 1)).toEqual(["17.3"]);
    expect(nearestReleases("7.4", 2)).toHaveLength(2);
  });

  it("offers only releases, for any text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const offers = nearestReleases(text);
        expect(offers.length).toBeGreaterThan(0);
        for (const offer of offers) expect(findRelease(offer)).not.toBeNull();
      }),
    );
  });
});
