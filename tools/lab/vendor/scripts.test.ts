import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { syntaxErrors } from "../../../test/unit/shell.js";

const files = readdirSync(__dirname, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
const scripts = files.filter(
  (path) => path.endsWith(".sh") || /^#!\/bin\/sh\n/.test(readFileSync(path, "utf8")),
);
const programs = files.filter((path) => path.endsWith(".awk"));
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe("the vendor's scripts", () => {
  it("are all found", () => {
    expect(scripts.length).toBeGreaterThan(18);
    expect(programs.length).toBeGreaterThan(9);
  });

  it("have the syntax of a plain sh", () => {
    for (const path of scripts) expect(syntaxErrors(readFileSync(path, "utf8")), path).toBe("");
  });

  it.runIf(hasShellcheck)("have nothing that shellcheck warns of", () => {
    const options = ["--shell=sh", "--severity=warning", "--exclude=SC2034,SC2154"];
    expect(spawnSync("shellcheck", [...options, ...scripts], { encoding: "utf8" }).stdout).toBe("");
  });

  it("stay short enough to be read in one go", () => {
    for (const path of [...scripts, ...programs]) {
      expect(readFileSync(path, "utf8").split("\n").length, path).toBeLessThan(250);
    }
  });
});
