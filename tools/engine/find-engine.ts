import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { repositoryRoot } from "../paths.js";

/** A Pulumi engine that can run Node.js programs. */
export interface Engine {
  /** Holds `pulumi`, its Node.js language host and the launcher of dynamic providers. */
  readonly folder: string;
  /** `3.259.0` */
  readonly version: string;
  readonly from: "PATH" | "cache";
}

/** The programs that have to lie in one folder. */
export const enginePrograms = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"] as const;

/** The Go module that builds an engine where no released one can be had. */
export const engineSources = path.join(repositoryRoot, "tools", "engine", "go");

/** In the folder of an engine that we built ourselves: a digest of what it was built from. */
export const standInStamp = "built-from-go";

/** The engine's version we ask for: that of the SDK we develop with. */
export function wantedEngineVersion(): string {
  const manifest = path.join(repositoryRoot, "node_modules", "@pulumi", "pulumi", "package.json");
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** Where Pulumi's Automation API keeps the engines it installs, and we ours: `~/.pulumi/versions/3.259.0`. */
export function engineCacheFolder(): string {
  return path.join(os.homedir(), ".pulumi", "versions", wantedEngineVersion());
}

/** The engine on PATH if it is new enough and whole, else the cached one, else undefined. */
export function findEngine(): Engine | undefined {
  return engineOnPath() ?? cachedEngine();
}

/** A digest of the Go sources of our stand-in. */
export function standInDigest(): string {
  const digest = createHash("sha256");
  for (const name of ["go.mod", "go.sum", "tools.go", "pulumi-language-nodejs/main.go"]) {
    digest.update(readFileSync(path.join(engineSources, name)));
  }
  return digest.digest("hex");
}

/** The version `pulumi` in this folder tells, undefined where it does not run. */
export function engineVersionIn(folder: string): string | undefined {
  try {
    const told = execFileSync(path.join(folder, "pulumi"), ["version"], {
      encoding: "utf8",
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 30_000,
    });
    return /^v?(\d+\.\d+\.\d+)/.exec(told.trim())?.[1];
  } catch {
    return undefined;
  }
}

function engineOnPath(): Engine | undefined {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const command = path.join(folder, "pulumi");
    if (folder === "" || !isProgram(command)) continue;
    const whole = [folder, path.dirname(realpathSync(command))].find(hasEveryProgram);
    const version = whole === undefined ? undefined : engineVersionIn(whole);
    if (whole === undefined || version === undefined || !isNewEnough(version)) return undefined;
    return { folder: whole, version, from: "PATH" };
  }
  return undefined;
}

function cachedEngine(): Engine | undefined {
  const folder = path.join(engineCacheFolder(), "bin");
  if (!hasEveryProgram(folder)) return undefined;
  const stamp = path.join(folder, standInStamp);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") !== standInDigest()) return undefined;
  return { folder, version: wantedEngineVersion(), from: "cache" };
}

/** True when this version is of the same major and not older than the SDK. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0, wantedPatch = 0] = wantedEngineVersion().split(".").map(Number);
  if (major !== wantedMajor) return false;
  return minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch);
}

function hasEveryProgram(folder: string): boolean {
  return existsSync(folder) && enginePrograms.every((name) => readdirSync(folder).includes(name));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
