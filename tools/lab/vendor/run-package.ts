import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type DriverContent, packageLabel, stagePayload } from "./payload.js";

const run = promisify(execFile);

/** A package file, and what the provider's `driver.package` says of it. */
export interface DriverPackage {
  readonly path: string;
  readonly sha256: string;
}

/** Where makeself keeps the beginning of the archives it makes. */
const header = "/usr/share/makeself/makeself-header.sh";
/** In every package, so that equal content gives equal bytes. */
const packagingDate = "Thu Jan  1 00:00:00 UTC 2026";
const modificationTime = 1_767_225_600;

/** Returns the name of a `.run` package. Source: hosts.md b, guests.md 1 */
export function runPackageName({ kind, version }: DriverContent): string {
  return `NVIDIA-Linux-x86_64-${version}-${kind}.run`;
}

/** Makes a `.run` package with the real makeself in `folder`; the same content always gives the same bytes. */
export async function makeRunPackage(content: DriverContent, folder: string): Promise<DriverPackage> {
  const work = mkdtempSync(join(tmpdir(), "run-package-"));
  const name = runPackageName(content);
  const unpacked = name.slice(0, -".run".length);
  try {
    mkdirSync(join(work, unpacked));
    stagePayload(content, join(work, unpacked));
    writeFileSync(join(work, "header.sh"), passingHeader(readFileSync(header, "utf8")));
    writeFileSync(
      join(work, "help.txt"),
      "The options after makeself's are the installer's: see -v, and installer/help.txt.\n\n",
    );
    const tar = `--mtime=@${modificationTime} --owner=0 --group=0 --numeric-owner`;
    const options = ["--quiet", "--gzip", "--complevel", "9n", "--nox11", "--header", "./header.sh"];
    const stable = ["--tar-extra", tar, "--packaging-date", packagingDate, "--help-header", "./help.txt"];
    const args = [...options, ...stable, unpacked, name, packageLabel(content), "./nvidia-installer"];
    await run("makeself", args, { cwd: work, env: { ...process.env, LC_ALL: "C" } });
    return keep(join(work, name), folder, name);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Moves a finished package to its folder, and tells its hash. */
export function keep(made: string, folder: string, name: string): DriverPackage {
  mkdirSync(folder, { recursive: true });
  const bytes = readFileSync(made);
  const path = join(folder, name);
  writeFileSync(`${path}.new`, bytes, { mode: 0o755 });
  renameSync(`${path}.new`, path);
  return { path, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/**
 * Returns makeself's header with what NVIDIA's own has in addition: an option that makeself does not know, and `-q`, goes
 * to the installer, and `-x` unpacks only.
 * @throws Error when this makeself's header is another one
 */
export function passingHeader(text: string): string {
  const unknown = /\n[ \t]*-\*\)\n[ \t]*echo Unrecognized flag[^\n]*\n[ \t]*MS_Help\n[ \t]*exit 1\n[ \t]*;;/;
  const quiet = /-q \| --quiet\)/;
  if (!unknown.test(text) || !quiet.test(text))
    throw new Error(`${header} is not like that of makeself 2.4 or 2.5`);
  const unpack = '\n    -x | --extract-only)\n\tkeep=y\n\tscript=""\n\tcleanup_script=""\n\tshift\n\t;;';
  return text.replace(quiet, "--quiet)").replace(unknown, `${unpack}\n    -*)\n\tbreak ;;`);
}
