import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { repositoryRoot } from "../paths.js";
import { Progress } from "../progress.js";
import {
  engineCacheFolder,
  engineSources,
  engineVersionIn,
  standInDigest,
  standInStamp,
} from "./find-engine.js";

const engineModule = "github.com/pulumi/pulumi";
const launcher = "pulumi-resource-pulumi-nodejs";

/**
 * Builds `pulumi` from its Go module, and our stand-in for its Node.js language host, into a folder.
 * @throws Error with what to do next, where Go is missing or the build fails.
 */
export async function buildEngine(folder: string, version: string): Promise<void> {
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  if (go.status !== 0) {
    throw new Error(
      `Pulumi's engine ${version} is not here, its installer cannot be reached, and there is no Go to build it with.\n` +
        "Next: install Go 1.25 or later (or Pulumi itself) and run this again.",
    );
  }
  mkdirSync(folder, { recursive: true });
  const packages = ["./pulumi-language-nodejs"];
  if (!reuseCachedEngine(folder, version)) packages.push(`${engineModule}/pkg/v3/cmd/pulumi`);
  const progress = new Progress(
    `Engine: building pulumi ${version} from its Go module, once: 4 to 8 minutes`,
  );
  const failure = await goBuild(folder, version, packages, progress);
  if (failure !== undefined) {
    progress.end("Engine: the build failed.");
    throw new Error(`${go.stdout.trim()} could not build the engine:\n${failure}`);
  }
  copyFileSync(
    path.join(repositoryRoot, "node_modules", "@pulumi", "pulumi", launcher),
    path.join(folder, launcher),
  );
  writeFileSync(path.join(folder, standInStamp), standInDigest());
  progress.end(`Engine: built pulumi ${version} in ${progress.seconds} s.`);
}

/** When only our stand-in changed, minutes are saved by keeping the engine that was built before. */
function reuseCachedEngine(folder: string, version: string): boolean {
  const cached = path.join(engineCacheFolder(), "bin");
  if (!existsSync(path.join(cached, standInStamp)) || engineVersionIn(cached) !== version) return false;
  linkSync(path.join(cached, "pulumi"), path.join(folder, "pulumi"));
  return true;
}

function goBuild(
  folder: string,
  version: string,
  packages: readonly string[],
  progress: Progress,
): Promise<string | undefined> {
  const flags = `-s -w -X ${engineModule}/sdk/v3/go/common/version.Version=v${version}`;
  const args = ["build", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", flags];
  const child = spawn("go", [...args, "-o", `${folder}${path.sep}`, ...packages], {
    cwd: engineSources,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  let downloaded = 0;
  let compiled = 0;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.startsWith("go: downloading ")) {
      downloaded += 1;
      progress.detail(`${downloaded} modules downloaded`);
    } else if (/^[\w./~-]+$/.test(line)) {
      compiled += 1;
      progress.detail(`${downloaded} modules downloaded, ${compiled} packages compiled (now ${line})`);
    } else {
      said.push(line);
    }
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code === 0 ? undefined : said.slice(-20).join("\n")));
  });
}
