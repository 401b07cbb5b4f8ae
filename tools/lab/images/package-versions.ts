import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { labCache, shortOfSpace } from "../cache.js";
import type { LabRelease } from "./image-store.js";
import type { Mirrors } from "./mirrors.js";
import type { Recipe } from "./recipes.js";

const run = promisify(execFile);

/** One line of apt's sources. */
export interface Source {
  readonly mirror: string;
  readonly suite: string;
}

/** Debian's own package of keys has it, on Debian and on what derives from it. */
export const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Says why packages of this release could not be verified here; undefined: they can. */
export function missingKeys(
  release: LabRelease,
  exists: (file: string) => boolean = existsSync,
): string | undefined {
  const needed = [keyring, `/usr/share/keyrings/debian-archive-${release}-stable.gpg`];
  const missing = needed.find((file) => !exists(file));
  if (missing === undefined) return undefined;
  return (
    `This machine cannot verify packages of Debian ${release}: ${missing} is not there.\n` +
    "Next: install a newer debian-archive-keyring (2023.4 or later has the keys of trixie)."
  );
}

/**
 * What apt would install today for a recipe, with versions: lines `name version`, sorted. Asked of an apt with its own
 * sources and nothing installed, so neither this machine's release nor its packages matter.
 */
export async function resolveVersions(recipe: Recipe, mirrors: Mirrors): Promise<string[]> {
  const { release } = recipe;
  const main = { mirror: mirrors.archive, suite: release };
  const apt = await privateApt(release, [main]);
  const simulated = await apt(["-s", "install", "?priority(required)", ...recipe.packages]);
  const versions = parseSimulation(simulated.stdout);
  if (!recipe.kernelUpdate) return versions;
  const both = await privateApt(`${release}-update`, [main, securityOf(recipe, mirrors)]);
  const update = await both(["-s", "install", "linux-image-amd64", "linux-headers-amd64"]);
  const kernel = parseSimulation(update.stdout).filter((line) => line.startsWith("linux-"));
  return [...versions, "update:", ...kernel];
}

/** Where a release's newer kernels are. */
export function securityOf({ release }: Recipe, { security }: Mirrors): Source {
  return { mirror: security, suite: `${release}-security` };
}

/** `Inst name (version origin [arch])` lines of a simulated installation. */
export function parseSimulation(output: string): string[] {
  return output
    .split("\n")
    .flatMap((line) => {
      const found = /^Inst (\S+) (?:\[\S+\] )?\((\S+)/.exec(line);
      return found === null ? [] : [`${found[1]} ${found[2]}`];
    })
    .sort();
}

/** Says in a few words what differs between the packages of an image and today's: lines as resolveVersions() gives them. */
export function newerPackages(before: readonly string[], today: readonly string[]): string {
  const old = new Map(before.map((line) => split(line)));
  const changed = today
    .map((line) => split(line))
    .filter(([name, version]) => old.get(name) !== version)
    .map(([name, version]) => `${name} ${old.get(name) ?? "(new)"} → ${version}`);
  if (changed.length === 0) return "what it is made of here has changed";
  const more = changed.length > 2 ? ` and ${changed.length - 2} more packages` : "";
  return `${changed.slice(0, 2).join(", ")}${more}`;
}

function split(line: string): [string, string] {
  const blank = line.indexOf(" ");
  return [line.slice(0, blank), line.slice(blank + 1)];
}

async function privateApt(name: string, from: readonly Source[]) {
  const folder = path.join(labCache(), "apt", name);
  for (const needed of ["state/lists/partial", "cache/archives/partial"]) {
    mkdirSync(path.join(folder, needed), { recursive: true });
  }
  const sources = path.join(folder, "sources.list");
  const line = ({ mirror, suite }: Source) => `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`;
  writeFileSync(sources, from.map(line).join(""));
  writeFileSync(path.join(folder, "status"), "");
  const settings = {
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "Dir::State": path.join(folder, "state"),
    "Dir::State::Status": path.join(folder, "status"),
    "Dir::Cache": path.join(folder, "cache"),
    "APT::Architecture": "amd64",
    "APT::Architectures": "amd64",
    "APT::Install-Recommends": "false",
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const apt = (args: readonly string[]) =>
    run("apt-get", [...options, ...args], { maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: { stderr?: string }) => {
        throw new Error(
          `The packages of Debian ${name} cannot be listed, apt says:\n${error.stderr ?? error}${shortOfSpace()}`,
        );
      },
    );
  // Else it exits 0 with a mirror that it cannot reach.
  await apt(["-q", "-o", "APT::Update::Error-Mode=any", "update"]);
  return apt;
}
