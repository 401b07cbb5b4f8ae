import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../paths.js";

/** A copy of the repository whose files may be changed: the tree that somebody works in stays as it is. */
export interface TreeCopy {
  readonly folder: string;
  write(file: string, text: string): void;
  /** Puts a file back as it is in the repository. */
  restore(file: string): void;
  /** Runs test files until the first failure; whether all passed. */
  passes(project: string, files: readonly string[], env?: Readonly<Record<string, string>>): Promise<boolean>;
}

/** A changed script may wait for what never comes. */
const longestMs = 600_000;

/** Makes the copy: every file that git knows or does not ignore, and the same packages. */
export function makeCopy(folder: string): TreeCopy {
  rmSync(folder, { recursive: true, force: true });
  const listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listed, { cwd: repositoryRoot, encoding: "utf8" }).split("\0");
  for (const file of new Set(files.filter((name) => name !== ""))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(repositoryRoot, file), path.join(folder, file), { verbatimSymlinks: true });
  }
  symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(folder, "node_modules"));
  return {
    folder,
    write: (file, text) => writeFileSync(path.join(folder, file), text),
    restore: (file) => cpSync(path.join(repositoryRoot, file), path.join(folder, file)),
    passes: (project, tests, env = {}) => {
      const args = ["run", "--project", project, "--bail", "1", "--reporter", "dot", ...tests];
      const vitest = path.join(folder, "node_modules", ".bin", "vitest");
      const child = spawn(vitest, args, {
        cwd: folder,
        stdio: "ignore",
        timeout: longestMs,
        env: { ...process.env, ...env },
      });
      return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code === 0));
      });
    },
  };
}
