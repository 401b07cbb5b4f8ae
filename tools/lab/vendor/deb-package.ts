import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type DriverContent,
  packageLabel,
  settleModes,
  stageFiles,
  stageSources,
  unitsOf,
} from "./payload.js";
import { type DriverPackage, keep } from "./run-package.js";

const run = promisify(execFile);

/** Makes the `.deb` form of the vGPU manager in `folder`; its modules are always DKMS's. Source of the name: hosts.md b */
export async function makeDebPackage(
  content: DriverContent & { readonly kind: "vgpu-kvm" },
  folder: string,
): Promise<DriverPackage> {
  const { version } = content;
  const work = mkdtempSync(join(tmpdir(), "deb-package-"));
  const name = `nvidia-vgpu-ubuntu-${version}_amd64.deb`;
  const root = join(work, "root");
  try {
    mkdirSync(join(root, "DEBIAN"), { recursive: true });
    stageFiles(content, root);
    stageSources(content, join(root, `usr/src/nvidia-${version}`));
    writeFileSync(join(root, "DEBIAN/control"), control(content));
    for (const step of ["preinst", "postinst", "prerm"]) {
      cpSync(join(__dirname, "host/debian", step), join(root, "DEBIAN", step));
    }
    const units = unitsOf("vgpu-kvm").join(" ");
    writeFileSync(join(root, "usr/lib/nvidia/package.conf"), `version=${version}\nunits="${units}"\n`);
    settleModes(root);
    // dpkg-deb takes every file's time from there, when it is newer.
    const env = { ...process.env, SOURCE_DATE_EPOCH: "1767225600", LC_ALL: "C" };
    await run("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", root, join(work, name)], { env });
    return keep(join(work, name), folder, name);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function control(content: DriverContent): string {
  const branch = content.version.split(".")[0];
  return [
    `Package: nvidia-vgpu-ubuntu-${branch}`,
    `Version: ${content.version}`,
    "Architecture: amd64",
    "Maintainer: the lab of pulumi-vgpu <nobody@invalid>",
    "Depends: dkms, make, gcc, kmod",
    "Provides: nvidia-vgpu-ubuntu",
    "Conflicts: nvidia-vgpu-ubuntu",
    "Replaces: nvidia-vgpu-ubuntu",
    "Section: kernel",
    "Priority: optional",
    `Description: ${packageLabel(content)}`,
    "",
  ].join("\n");
}
