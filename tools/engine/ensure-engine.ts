import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { holdFileLock } from "../file-lock.js";
import { repositoryRoot } from "../paths.js";
import { Progress } from "../progress.js";
import { buildEngine } from "./build-engine.js";
import {
  type Engine,
  engineCacheFolder,
  engineVersionIn,
  findEngine,
  wantedEngineVersion,
} from "./find-engine.js";

const installerHost = "https://get.pulumi.com/install.sh";
const installerReachableMs = 10_000;
const installerDeadlineMs = 300_000;

/**
 * A Pulumi engine that runs Node.js programs: the one on PATH, else the cached one, else Pulumi's own installer,
 * else one built from its Go module. Says each step in a sentence.
 * @throws Error with what to do next, where none of these works.
 */
export async function ensureEngine(): Promise<Engine> {
  const found = findEngine();
  if (found !== undefined) return told(found);
  const version = wantedEngineVersion();
  const cache = engineCacheFolder();
  mkdirSync(path.dirname(cache), { recursive: true });
  const release = await holdFileLock(path.join(path.dirname(cache), `.${version}.lock`), () =>
    console.log("Engine: another process is preparing it, waiting for that one."),
  );
  try {
    const meanwhile = findEngine();
    if (meanwhile !== undefined) return told(meanwhile);
    console.log(`Engine: no pulumi ${version} or later with its Node.js language host on PATH, none cached.`);
    const unfinished = mkdtempSync(path.join(path.dirname(cache), `.${version}-`));
    try {
      if (!(await installOfficial(unfinished, version)))
        await buildEngine(path.join(unfinished, "bin"), version);
      moveIntoPlace(unfinished, cache);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  } finally {
    release();
  }
  const made = findEngine();
  if (made === undefined)
    throw new Error(`The engine in ${cache} is not whole. Next: remove that folder, run again.`);
  return told(made);
}

function told(engine: Engine): Engine {
  console.log(`Engine: pulumi ${engine.version} (${engine.from}: ${engine.folder}).`);
  return engine;
}

async function installOfficial(root: string, version: string): Promise<boolean> {
  try {
    const answer = await fetch(installerHost, {
      method: "HEAD",
      signal: AbortSignal.timeout(installerReachableMs),
    });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  } catch (error) {
    console.log(`Engine: Pulumi's installer cannot be reached from here (${reason(error)}).`);
    return false;
  }
  const progress = new Progress(`Engine: Pulumi's own installer fetches ${version}`);
  const failure = await runInstaller(root, version);
  const installed = failure === undefined ? engineVersionIn(path.join(root, "bin")) : undefined;
  if (installed !== version) {
    progress.end(
      `Engine: Pulumi's installer did not bring it (${failure ?? `it left ${installed ?? "nothing"}`}).`,
    );
    rmSync(path.join(root, "bin"), { recursive: true, force: true });
    return false;
  }
  const launcher = "pulumi-resource-pulumi-nodejs";
  const place = path.join(root, "bin", launcher);
  if (!existsSync(place))
    copyFileSync(path.join(repositoryRoot, "node_modules/@pulumi/pulumi", launcher), place);
  progress.end(`Engine: Pulumi's own installer brought ${version} in ${progress.seconds} s.`);
  return true;
}

/** In a process group of its own, so that a download that hangs can be ended as a whole. */
function runInstaller(root: string, version: string): Promise<string | undefined> {
  const program = `
    const { PulumiCommand } = require("@pulumi/pulumi/automation");
    const { SemVer } = require("semver");
    PulumiCommand.install({ root: process.argv[1], version: new SemVer(process.argv[2]) })
      .catch((error) => { console.error(error.message); process.exit(1); });`;
  const child = spawn(process.execPath, ["-e", program, root, version], {
    cwd: path.join(repositoryRoot, "node_modules", "@pulumi", "pulumi"),
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) => {
    const ending = setTimeout(() => {
      said = `no end after ${installerDeadlineMs / 1000} s`;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, installerDeadlineMs);
    child.on("close", (code) => {
      clearTimeout(ending);
      resolve(code === 0 ? undefined : (said.trim().split("\n").at(-1) ?? "no reason given"));
    });
  });
}

function moveIntoPlace(unfinished: string, cache: string): void {
  const old = `${unfinished}.old`;
  if (existsSync(cache)) renameSync(cache, old);
  renameSync(unfinished, cache);
  rmSync(old, { recursive: true, force: true });
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
