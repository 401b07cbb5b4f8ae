import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guestBranchesOf, guestCompatibility } from "../../../provider/catalog/compatibility.js";
import { releases } from "../../../provider/catalog/releases.js";
import { sources } from "../../../provider/catalog/sources.js";

const codes = new Set(sources().map((source) => source.code));

// The tables are made once. Asked before any test: a mutant in them is then tried on every test, not on the first alone.
guestBranchesOf("17.4");

describe("guestCompatibility", () => {
  it.each([
    ["17.4", "17.4", true, "catalog"],
    ["17.4", "16.0", true, "catalog"],
    ["17.0", "17.4", true, "catalog"],
    ["16.8", "13.1", true, "catalog"],
    ["16.8", "13.0", true, "derived"],
    ["17.4", "15.3", false, "catalog"],
    ["16.8", "17.0", false, "catalog"],
    ["16.8", "14.4", false, "catalog"],
    ["17.4", "17.6", true, "derived"],
    ["17.6", "16.14", true, "derived"],
    ["17.6", "15.3", false, "derived"],
    ["18.0", "17.6", true, "derived"],
    ["18.0", "16.8", false, "derived"],
    ["19.0", "16.8", true, "derived"],
    ["19.0", "17.6", false, "derived"],
    ["20.1", "19.0", true, "derived"],
    ["20.1", "20.2", true, "derived"],
    ["19.0", "20.0", false, "derived"],
    ["9.4", "9.0", true, "derived"],
    ["9.4", "10.0", false, "derived"],
    ["9.4", "8.10", "unknown", "none"],
    ["21.0", "21.1", true, "derived"],
    ["21.0", "20.2", "unknown", "none"],
    ["17.4", "seventeen", "unknown", "none"],
  ] as const)("host %s with guest %s: %s (%s)", (host, guest, compatible, basis) => {
    expect(guestCompatibility(host, guest)).toMatchObject({ compatible, basis });
  });

  const release = fc.constantFrom(...releases().map((row) => row.release));

  it("never refuses a guest of the host's own branch, nor accepts one of a newer branch", () => {
    fc.assert(
      fc.property(release, release, (host, guest) => {
        const { compatible } = guestCompatibility(host, guest);
        const newer = Number(guest.split(".")[0]) - Number(host.split(".")[0]);
        if (newer === 0) expect(compatible).toBe(true);
        if (newer > 0) expect(compatible).toBe(false);
      }),
    );
  });

  it("names a source for each answer it gives", () => {
    fc.assert(
      fc.property(release, release, (host, guest) => {
        const { compatible, source } = guestCompatibility(host, guest);
        expect(source.length > 0).toBe(compatible !== "unknown");
        for (const code of source) expect(codes).toContain(code);
      }),
    );
  });
});

describe("the answer", () => {
  it.each([
    ["17.4", "16.0", { compatible: true, basis: "catalog", source: ["R5"] }],
    ["17.4", "15.3", { compatible: false, basis: "catalog", source: ["R5"] }],
    ["17.6", "16.14", { compatible: true, basis: "derived", source: ["R5"] }],
    ["16.14", "13.12", { compatible: true, basis: "derived", source: ["R5"] }],
    ["18.0", "17.6", { compatible: true, basis: "derived", source: ["G1"] }],
    ["20.1", "16.8", { compatible: false, basis: "derived", source: ["G1"] }],
    ["21.0", "21.1", { compatible: true, basis: "derived", source: ["G1"] }],
    ["21.0", "22.0", { compatible: false, basis: "derived", source: ["G1"] }],
    ["21.0", "20.2", { compatible: "unknown", basis: "none", source: [] }],
  ])("for host %s and guest %s says by what it is known", (host, guest, answer) => {
    expect(guestCompatibility(host, guest)).toEqual(answer);
  });

  it.each([
    ["13", "13.1"],
    ["13.1", "13"],
    ["", ""],
  ])("is unknown where a text is no release number: host %j, guest %j", (host, guest) => {
    expect(guestCompatibility(host, guest)).toEqual({ compatible: "unknown", basis: "none", source: [] });
  });
});

describe("guestBranchesOf", () => {
  it.each([
    ["17.4", ["17", "16"]],
    ["16.8", ["16", "15", "13"]],
    ["17.6", ["17", "16"]],
    ["19.2", ["19", "18", "16"]],
    ["21.0", null],
    ["x", null],
    ["13", null],
    ["18.0", ["18", "17"]],
    ["16.14", ["16", "15", "13"]],
  ])("of %s", (release, expected) => {
    expect(guestBranchesOf(release)).toEqual(expected);
  });
});
