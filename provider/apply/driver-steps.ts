import { VgpuError } from "../model/errors.js";
import type { PackageSource } from "../plan/steps.js";
import { runJob } from "../transport/job.js";
import { change, changingScript, type Machine, stepError } from "./machine.js";

/** Where a package lies on the machine before it is run; only root writes there, and its name is its hash: verified content. */
export function packagePath(sha256: string): string {
  return `/var/lib/pulumi-vgpu/packages/${sha256}.run`;
}

/** Copies the package to the machine; the hash is checked there before it gets its name. */
export async function uploadPackage(machine: Machine, source: PackageSource): Promise<void> {
  const started = performance.now();
  let told = started;
  await machine.session.upload({
    path: source.localPath ?? "",
    remotePath: packagePath(source.sha256),
    sha256: source.sha256,
    onProgress: (done, total) => {
      if (done < total && performance.now() - told < 3_000) return;
      told = performance.now();
      const seconds = ((told - started) / 1000).toFixed(1);
      machine.progress(`uploaded ${mebibytes(done)} of ${mebibytes(total)} MiB in ${seconds} s`);
    },
  });
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1);
}

/** Copies a package that lies on the machine to where only root writes; the hash of the copy is checked there. */
export async function copyPackage(machine: Machine, source: PackageSource): Promise<void> {
  const path = source.remotePath ?? "";
  const result = await change(machine, {
    name: "copy-package",
    args: [path, source.sha256],
    deadlineMs: 1_000_000,
    expectedCodes: [3],
  });
  if (result.code === 3) throw hashError(machine, path, result.stdout);
}

/** Runs the installer, detached on the machine and polled: a lost connection loses nothing. */
export async function installDriver(
  machine: Machine,
  driver: { readonly package: PackageSource; readonly version: string; readonly dkms: boolean },
): Promise<void> {
  const { sha256 } = driver.package;
  const path = packagePath(sha256);
  const result = await driverJob(machine, {
    name: "install-driver",
    id: `install-${sha256.slice(0, 16)}`,
    args: [path, driver.version, driver.dkms ? "yes" : "no", sha256],
  });
  if (result.code !== 0) throw await driverError(machine, { name: "install-driver", path, ...result });
  for (const line of result.output.split("\n")) {
    if (line.startsWith("notice: ")) machine.progress(line.slice("notice: ".length));
  }
}

/** Runs the uninstaller, like the installer; of a driver that is replaced, only when its replacement lies ready. */
export async function uninstallDriver(machine: Machine, replacement?: PackageSource): Promise<void> {
  const path = replacement === undefined ? "" : packagePath(replacement.sha256);
  const result = await driverJob(machine, {
    name: "uninstall-driver",
    id: "uninstall",
    args: [path, replacement?.sha256 ?? ""],
  });
  if (result.code !== 0) throw await driverError(machine, { name: "uninstall-driver", path, ...result });
}

function driverJob(
  machine: Machine,
  job: { readonly name: string; readonly id: string; readonly args: readonly string[] },
) {
  const started = performance.now();
  let told = started;
  return runJob(machine.session, {
    id: job.id,
    script: { name: job.name, text: changingScript(job.name, machine.side) },
    args: job.args,
    deadlineMs: 1_800_000,
    onPoll: (tail) => {
      if (performance.now() - told < 15_000) return;
      told = performance.now();
      machine.progress(
        `${job.name} runs for ${Math.round((told - started) / 1000)} s: ${tail.trim().split("\n").at(-1) ?? ""}`,
      );
    },
  });
}

interface EndedScript {
  readonly name: string;
  readonly path: string;
  readonly code: number;
  readonly output: string;
}

async function driverError(machine: Machine, ended: EndedScript): Promise<VgpuError> {
  if (ended.code === 3) return hashError(machine, ended.path, ended.output);
  if (ended.code === 4) return folderError(machine, ended.output);
  return stepError(machine, { name: ended.name, code: ended.code, said: ended.output });
}

function hashError(machine: Machine, path: string, output: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PACKAGE_MISMATCH",
    where: machine.label,
    what: `${path} is not the declared package`,
    saw: lastLine(output),
    expected: "the declared sha256",
    next: "put the right package there, or declare its sha256",
    now: "this step took nothing away and installed nothing",
    property: "driver.package",
  });
}

function folderError(machine: Machine, output: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where: machine.label,
    what: "the driver's installer has no folder to unpack itself to",
    saw: lastLine(output),
    expected: "one of them with room, and not mounted noexec",
    next: "make room there, or mount its file system with exec, run again",
    now: "this step took nothing away and installed nothing",
    property: "driver.package",
  });
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
