import { describe, expect, it } from "vitest";
import { missingKeys, newerPackages, parseSimulation } from "./package-versions.js";

describe("parseSimulation", () => {
  it("gives names and versions of what would be installed or upgraded, sorted", () => {
    const output = [
      "Reading package lists...",
      "Inst zstd (1.5.4+dfsg2-5 Debian:12.15/oldstable [amd64])",
      "Inst base-files [12.4] (12.4+deb12u15 Debian:12.15/oldstable [amd64])",
      "Conf zstd (1.5.4+dfsg2-5 Debian:12.15/oldstable [amd64])",
    ].join("\n");
    expect(parseSimulation(output)).toEqual(["base-files 12.4+deb12u15", "zstd 1.5.4+dfsg2-5"]);
  });
});

describe("missingKeys", () => {
  it("says which release's packages cannot be verified, and what has the keys", () => {
    const reason = missingKeys("trixie", (file) => !file.includes("trixie"));
    expect(reason).toBe(
      "This machine cannot verify packages of Debian trixie: " +
        "/usr/share/keyrings/debian-archive-trixie-stable.gpg is not there.\n" +
        "Next: install a newer debian-archive-keyring (2023.4 or later has the keys of trixie).",
    );
  });

  it("is silent where the keys are there", () => {
    expect(missingKeys("bookworm", () => true)).toBeUndefined();
  });
});

describe("newerPackages", () => {
  it("names the first two that differ, and counts the others", () => {
    const before = ["a 1", "b 1", "c 1", "same 1"];
    expect(newerPackages(before, ["a 2", "b 1", "c 1", "same 1"])).toBe("a 1 → 2");
    expect(newerPackages(before, ["a 2", "b 2", "c 2", "d 1", "same 1"])).toBe(
      "a 1 → 2, b 1 → 2 and 2 more packages",
    );
  });

  it("says so where none differs", () => {
    expect(newerPackages(["a 1"], ["a 1"])).toBe("what it is made of here has changed");
  });
});
