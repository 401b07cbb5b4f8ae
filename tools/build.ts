import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { holdFileLock } from "./file-lock.js";
import { repositoryRoot, toolCache } from "./paths.js";

const dist = path.join(repositoryRoot, "dist");
const stamp = path.join(toolCache, "dist-built-from");

/** Brings dist up to date with sdk and provider; says whether there was anything to do. Exit code as tsc's. */
export async function build(): Promise<number> {
  mkdirSync(toolCache, { recursive: true });
  const release = await holdFileLock(path.join(toolCache, "build.lock"), () =>
    console.log("Build: another process is building, waiting for it."),
  );
  try {
    return buildAlone();
  } finally {
    release();
  }
}

function buildAlone(): number {
  const sources = filesBelow("sdk").concat(filesBelow("provider"));
  const digest = digestOf(sources.concat("tsconfig.json", "tsconfig.build.json", "package-lock.json"));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest && existsSync(dist)) {
    console.log("Build: dist is up to date.");
    return 0;
  }
  const started = Date.now();
  const tsc = path.join(repositoryRoot, "node_modules", "typescript", "bin", "tsc");
  const memory = ["--incremental", "--tsBuildInfoFile", path.join(toolCache, "dist.tsbuildinfo")];
  if (!existsSync(dist)) rmSync(path.join(toolCache, "dist.tsbuildinfo"), { force: true });
  const ran = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", ...memory], {
    cwd: repositoryRoot,
    stdio: "inherit",
  });
  const assets = sources.filter(isAsset);
  for (const asset of assets) copyAsset(asset);
  removeLeftovers(sources, new Set(assets));
  if (ran.status === 0) writeFileSync(stamp, digest);
  else rmSync(stamp, { force: true });
  console.log(
    `Build: dist from ${sources.length} sources in ${((Date.now() - started) / 1000).toFixed(1)} s.`,
  );
  return ran.status ?? 1;
}

/** Not compiled, read at run time from beside the compiled files: scripts for the hosts, and the catalog. */
function isAsset(file: string): boolean {
  return !file.endsWith(".ts") && !file.endsWith(".md");
}

function copyAsset(asset: string): void {
  const target = path.join(dist, asset);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(path.join(repositoryRoot, asset), target);
}

/** What was compiled from a source that is gone would otherwise still be required and shipped. */
function removeLeftovers(sources: readonly string[], assets: ReadonlySet<string>): void {
  const known = new Set(sources.map((file) => file.replace(/\.ts$/, "")));
  for (const file of filesBelow("dist")) {
    const within = path.relative("dist", file);
    if (!assets.has(within) && !known.has(within.replace(/(\.d)?\.[jt]s$/, ""))) {
      rmSync(path.join(repositoryRoot, file), { force: true });
    }
  }
}

function digestOf(files: readonly string[]): string {
  const digest = createHash("sha256").update(process.version);
  for (const file of [...files].sort()) {
    digest
      .update(file)
      .update("\0")
      .update(readFileSync(path.join(repositoryRoot, file)));
  }
  return digest.digest("hex");
}

function filesBelow(folder: string): string[] {
  const start = path.join(repositoryRoot, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(repositoryRoot, path.join(entry.parentPath, entry.name)));
}
