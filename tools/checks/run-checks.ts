import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../paths.js";
import { fileLength } from "./file-length.js";
import type { Finding, Repository, RepositoryFile } from "./finding.js";
import { leftovers } from "./leftovers.js";
import { brokenLinks } from "./links.js";
import { lockedPackages } from "./locked-packages.js";
import { foreignTraces } from "./traces.js";

const checks: readonly ((repository: Repository) => Finding[])[] = [
  fileLength,
  leftovers,
  foreignTraces,
  brokenLinks,
  lockedPackages,
];

/** Runs every check over the files git knows or would add. Gives the exit code. */
export async function runRepositoryChecks(): Promise<number> {
  const repository = { root: repositoryRoot, files: repositoryFiles() };
  const findings = checks.flatMap((check) => check(repository));
  for (const { where, what, fails } of findings)
    console.log(`${fails ? "FAILED" : "note  "} ${where}: ${what}`);
  const failed = findings.filter(({ fails }) => fails).length;
  console.log(`Repository checks: ${repository.files.length} files, ${failed} failures.`);
  return failed === 0 ? 0 : 1;
}

function repositoryFiles(): RepositoryFile[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed
    .split("\0")
    .filter((file) => file !== "" && existsSync(path.join(repositoryRoot, file)))
    .map((file) => ({ path: file, text: readFileSync(path.join(repositoryRoot, file), "utf8") }))
    .filter(({ text }) => !text.includes("\0"));
}
