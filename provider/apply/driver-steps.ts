import { VgpuError } from "../model/errors.js";
import type { PackageSource } from "../plan/steps.js";
import { runJob } from "../transport/job.js";
import { changingScript, type Machine, stepError } from "./machine.js";

/** Where an uploaded package lies on the machine; its name is its hash, so a name means verified content. */
export function uploadPath(sha256: string): string {
  return `/var/lib/pulumi-vgpu/packages/${sha256}.run`;
}

/** Copies the package to the machine; the hash is checked there before it gets its name. */
export async function uploadPackage(machine: Machine, source: PackageSource): Promise<void> {
  const started = performance.now();
  let told = started;
  await machine.session.upload({
    path: source.localPath ?? "",
    remotePath: uploadPath(source.sha256),
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

/** Runs the installer, detached on the machine and polled: a lost connection loses nothing. */
export async function installDriver(
  machine: Machine,
  driver: { readonly package: PackageSource; readonly version: string; readonly dkms: boolean },
): Promise<void> {
  const { sha256, remotePath } = driver.package;
  const args = [remotePath ?? uploadPath(sha256), driver.version, driver.dkms ? "yes" : "no", sha256];
  const result = await driverJob(machine, {
    name: "install-driver",
    id: `install-${sha256.slice(0, 16)}`,
    args,
  });
  if (result.code === 3) throw hashError(machine, args[0] ?? "", result.output);
  if (result.code !== 0)
    throw await stepError(machine, { name: "install-driver", code: result.code, said: result.output });
}

/** Runs the uninstaller, like the installer. */
export async function uninstallDriver(machine: Machine): Promise<void> {
  const result = await driverJob(machine, { name: "uninstall-driver", id: "uninstall", args: [] });
  if (result.code !== 0)
    throw await stepError(machine, { name: "uninstall-driver", code: result.code, said: result.output });
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

function hashError(machine: Machine, path: string, output: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PACKAGE_MISMATCH",
    where: machine.label,
    what: `${path} is not the declared package`,
    saw: output.trim().split("\n").at(-1) ?? "",
    expected: "the declared sha256",
    next: "put the right package there, or declare its sha256",
    property: "driver.package",
  });
}
