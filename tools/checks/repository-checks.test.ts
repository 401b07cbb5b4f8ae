import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { fileLength } from "./file-length.js";
import type { Finding, Repository } from "./finding.js";
import { leftovers } from "./leftovers.js";
import { brokenLinks } from "./links.js";
import { lockedPackages } from "./locked-packages.js";
import { foreignTraces } from "./traces.js";

const roots: string[] = [];

function repository(files: Readonly<Record<string, string>>): Repository {
  const root = mkdtempSync(path.join(os.tmpdir(), "checks-"));
  roots.push(root);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, path.basename(name)), text);
  return { root, files: Object.entries(files).map(([name, text]) => ({ path: name, text })) };
}

const failures = (findings: readonly Finding[]) =>
  findings.filter(({ fails }) => fails).map(({ where }) => where);

describe("repository checks", () => {
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
  });

  it("notes a source file over 250 lines and refuses one of 300", () => {
    const findings = fileLength(
      repository({
        "sdk/a.ts": "x\n".repeat(250),
        "sdk/b.ts": "x\n".repeat(251),
        "sdk/c.ts": "x\n".repeat(300),
      }),
    );
    expect(findings.map(({ where, fails }) => [where, fails])).toEqual([
      ["sdk/b.ts", false],
      ["sdk/c.ts", true],
    ]);
  });

  it("refuses unfinished work and tests that are passed over", () => {
    const only = ["it", "only"].join(".");
    const texts = {
      "a.ts": `// ${"TO"}DO later`,
      "b.ts": `${only}("x", () => {})`,
      "c.ts": "it.skipIf(ci)('x')",
    };
    expect(failures(leftovers(repository(texts)))).toEqual(["a.ts:1", "b.ts:1"]);
  });

  it("refuses the repository's own folder, somebody's home and a registry's name", () => {
    const empty = repository({});
    const files = [
      { path: "a.md", text: `see ${empty.root}/README.md` },
      { path: "b.md", text: `see ${["", "Users", "ann", "notes"].join("/")}` },
      { path: "c.md", text: `from https://${["registry", "npmjs", "org"].join(".")}/zod` },
      { path: "d.md", text: "put it in ~/.ssh/config or /etc/hosts" },
    ];
    expect(failures(foreignTraces({ root: empty.root, files }))).toEqual(["a.md:1", "b.md:1", "c.md:1"]);
  });

  it("refuses a link to a page or heading that is not there", () => {
    const page = [
      "# The title",
      "[a](other.md) [b](#the-title) [c](other.md#its-part) [d](https://example.org) `[e](code.md)`",
      "[f](missing.md) [g](other.md#no-part)",
    ].join("\n");
    const findings = brokenLinks(repository({ "README.md": page, "other.md": "## Its part" }));
    expect(findings.map(({ what }) => what)).toEqual([
      "the link missing.md leads nowhere",
      "the link other.md#no-part leads nowhere",
    ]);
  });

  it("refuses a lock that names a registry or leaves out a platform's build", () => {
    const entry = { version: "1.0.0", optionalDependencies: { "tool-win32-x64": "1.0.0" } };
    const lock = (packages: object) =>
      repository({ "package-lock.json": JSON.stringify({ packages }, null, 2) });
    const resolved = `https://${["registry", "npmjs", "org"].join(".")}/tool`;
    expect(failures(lockedPackages(lock({ "node_modules/tool": entry })))).toEqual(["package-lock.json"]);
    expect(failures(lockedPackages(lock({ "node_modules/tool": { resolved } })))).toEqual([
      "package-lock.json",
    ]);
    expect(
      lockedPackages(
        lock({
          "node_modules/tool": entry,
          "node_modules/tool-win32-x64": {},
          "node_modules/me": { resolved: "." },
        }),
      ),
    ).toEqual([]);
  });
});
