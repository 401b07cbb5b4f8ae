import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { vgpuTypesText } from "../vgpu-types.js";

/** `"vgpu-kvm"`: the vGPU manager of a host; `"grid"`: the Linux guest driver. The words are in the packages' names. */
export type DriverKind = "vgpu-kvm" | "grid";

/** What a driver package is to hold. */
export interface DriverContent {
  readonly kind: DriverKind;
  /** Version of the driver, e.g. `"550.127.06"`; not the release of the vGPU software. */
  readonly version: string;
  /** Text of /usr/share/nvidia/vgpu/vgpuConfig.txt, in a host's package: the rows of the driver's `vgpu-types`. @default those of all boards of the lab */
  readonly vgpuConfig?: string;
}

const vendor = __dirname;

interface KindFacts {
  readonly label: string;
  /** The word by which the modules' Kbuild knows it. */
  readonly flavour: "host" | "guest";
  readonly modules: readonly string[];
  readonly units: readonly string[];
  /** Empty folders that a driver of this kind brings. */
  readonly folders: readonly string[];
}

const facts: Record<DriverKind, KindFacts> = {
  "vgpu-kvm": {
    label: "NVIDIA vGPU manager for KVM",
    flavour: "host",
    modules: ["nvidia", "nvidia-vgpu-vfio"],
    units: ["nvidia-vgpud.service", "nvidia-vgpu-mgr.service"],
    folders: [],
  },
  grid: {
    label: "NVIDIA guest driver for Linux",
    flavour: "guest",
    modules: ["nvidia"],
    units: ["nvidia-gridd.service"],
    folders: ["/etc/nvidia/ClientConfigToken"],
  },
};

/** Returns what a package calls itself, e.g. `"NVIDIA vGPU manager for KVM 550.127.06 (stand-in of the lab)"`. */
export function packageLabel({ kind, version }: DriverContent): string {
  return `${facts[kind].label} ${version} (stand-in of the lab)`;
}

/** Puts together the folder that a `.run` unpacks: installer, sources of the modules, files in the places where they go. */
export function stagePayload(content: DriverContent, folder: string): void {
  if (!/^[0-9.]+$/.test(content.version)) throw new Error(`no driver version: ${content.version}`);
  copy(join(vendor, "shared/installer"), join(folder, "installer"));
  copy(join(vendor, "shared/nvidia-installer"), join(folder, "nvidia-installer"));
  writeFileSync(join(folder, "installer/package.conf"), packageConf(content));
  writeFileSync(join(folder, "LICENSE"), licenseText);
  stageSources(content, join(folder, "kernel"));
  const files = join(folder, "files");
  stageFiles(content, files);
  copy(join(folder, "installer"), join(files, "usr/lib/nvidia/installer"));
  copy(join(folder, "nvidia-installer"), join(files, "usr/bin/nvidia-installer"));
  symlinkSync("nvidia-installer", join(files, "usr/bin/nvidia-uninstall"));
  settleModes(folder);
}

/** Puts the files of the driver below a folder as they lie on a machine, without installer and module sources. */
export function stageFiles({ kind, vgpuConfig }: DriverContent, folder: string): void {
  for (const part of ["shared", kind === "grid" ? "guest" : "host"])
    copy(join(vendor, part, "files"), folder);
  if (kind === "grid") return;
  mkdirSync(join(folder, "usr/share/nvidia/vgpu"), { recursive: true });
  writeFileSync(join(folder, "usr/share/nvidia/vgpu/vgpuConfig.txt"), vgpuConfig ?? vgpuTypesText());
}

/** Puts the sources of the kernel modules there, with the dkms.conf of this version. */
export function stageSources({ kind, version }: DriverContent, folder: string): void {
  const driver = join(vendor, "driver");
  cpSync(driver, folder, { recursive: true, filter: (path) => !/\.(md|in)$/.test(path) });
  const second = facts[kind].modules[1];
  const lines =
    second === undefined
      ? ""
      : `BUILT_MODULE_NAME[1]="${second}"\nDEST_MODULE_LOCATION[1]="/kernel/drivers/video"`;
  const values = { VERSION: version, FLAVOUR: facts[kind].flavour, SECOND_MODULE: lines };
  for (const name of ["dkms.conf", "nv-version.h"]) {
    writeFileSync(join(folder, name), filled(readFileSync(join(driver, `${name}.in`), "utf8"), values));
  }
}

/** Makes every mode 755 or 644, so that neither umask nor checkout shows in the package. */
export function settleModes(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || (statSync(path).mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
  chmodSync(folder, 0o755);
}

/** Names of the units that a package of this kind enables. */
export function unitsOf(kind: DriverKind): readonly string[] {
  return facts[kind].units;
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/@([A-Z_]+)@/g, (whole, name: string) => values[name] ?? whole);
}

function packageConf({ kind, version }: DriverContent): string {
  const { flavour, modules, units, folders } = facts[kind];
  return [
    `version=${version}`,
    `kind=${kind}`,
    `flavour=${flavour}`,
    `modules="${modules.join(" ")}"`,
    `units="${units.join(" ")}"`,
    `folders="${folders.join(" ")}"`,
    "",
  ].join("\n");
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

const licenseText = `This is a stand-in, written for a laboratory, for a vendor's driver package. It holds nothing of that
vendor's. Its kernel modules are under the GNU General Public License, version 2.
`;
