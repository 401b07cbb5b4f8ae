import type { Machine, ToolHandler } from "../types.js";
import { type ModuleFile, modulePath, moduleText } from "./driver-files.js";

/** Where the stand-in for DKMS is. */
export const dkmsPath = "/usr/sbin/dkms";

const tree = "/var/lib/dkms/nvidia";
const sourceOf = (version: string) => `/usr/src/nvidia-${version}`;
const builtFor = (version: string, kernel: string) => `${tree}/${version}/${kernel}/x86_64/module`;

/** Returns whether the machine has DKMS. */
export function hasDkms(machine: Machine): boolean {
  return machine.exists(dkmsPath);
}

/** Registers the driver's source, and installs its modules for the running kernel. */
export function addToDkms(machine: Machine, file: ModuleFile, modules: readonly string[]): void {
  const { version, flavour } = file;
  const conf = [`PACKAGE_NAME="nvidia"`, `PACKAGE_VERSION="${version}"`, `MODULES="${modules.join(" ")}"`];
  machine.writeFile(`${sourceOf(version)}/dkms.conf`, `${conf.join("\n")}\nFLAVOUR="${flavour}"\n`);
  machine.writeFile(`${tree}/${version}/source/at`, sourceOf(version));
  machine.writeFile(`${builtFor(version, machine.kernelRelease)}/nvidia.ko`, moduleText(file));
}

/** Takes the driver out of DKMS, with what it installed for every kernel. */
export function removeFromDkms(machine: Machine, modules: readonly string[]): void {
  for (const version of machine.listDir(tree)) {
    for (const kernel of kernelsOf(machine, version)) {
      for (const module of modules) machine.removeFile(modulePath(machine, module, kernel));
      machine.removeFile(`${builtFor(version, kernel)}/nvidia.ko`);
    }
    machine.removeFile(`${tree}/${version}/source`);
    machine.removeFile(`${sourceOf(version)}/dkms.conf`);
  }
  machine.removeFile(tree);
}

function kernelsOf(machine: Machine, version: string): string[] {
  return machine
    .listDir(`${tree}/${version}`)
    .filter((kernel) => machine.exists(`${builtFor(version, kernel)}/nvidia.ko`));
}

/** What DKMS does when a kernel is installed: it builds each driver that it has, where there are headers. */
export function dkmsAutoinstall(machine: Machine, kernel: string): void {
  if (!hasDkms(machine) || !machine.exists(`/usr/lib/modules/${kernel}/build`)) return;
  for (const version of machine.listDir(tree)) {
    const conf = machine.readFile(`${sourceOf(version)}/dkms.conf`);
    if (conf === undefined || kernelsOf(machine, version).includes(kernel)) continue;
    const field = (name: string) => new RegExp(`^${name}="(.*)"$`, "m").exec(conf)?.[1] ?? "";
    const text = moduleText({ version, flavour: field("FLAVOUR"), signed: false });
    for (const module of field("MODULES").split(" ")) {
      machine.writeFile(modulePath(machine, module, kernel), text);
    }
    machine.writeFile(`${builtFor(version, kernel)}/nvidia.ko`, text);
  }
}

/** A stand-in for dkms, of Debian 12's form: status and autoinstall. */
export const dkmsTool: ToolHandler = ({ argv }, machine) => {
  const [command = "status"] = argv;
  if (command === "status")
    return {
      code: 0,
      stdout: statusLines(machine)
        .map((line) => `${line}\n`)
        .join(""),
    };
  if (command === "autoinstall") {
    const at = argv.indexOf("-k");
    dkmsAutoinstall(machine, at < 0 ? machine.kernelRelease : (argv[at + 1] ?? ""));
    return { code: 0 };
  }
  return { code: 2, stderr: `Error! Unknown action specified: "${command}"\n` };
};

function statusLines(machine: Machine): string[] {
  return machine.listDir(tree).flatMap((version) => {
    const kernels = kernelsOf(machine, version);
    if (kernels.length === 0) return [`nvidia/${version}: added`];
    return kernels.map((kernel) => `nvidia/${version}, ${kernel}, x86_64: installed`);
  });
}
