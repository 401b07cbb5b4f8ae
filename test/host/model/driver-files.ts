import type { Machine } from "../types.js";

/** What a module file of the vendor's driver says in a simulated machine. */
export interface ModuleFile {
  readonly version: string;
  /** `"vgpu-kvm"` for a host's vGPU manager, `"grid"` for a guest's driver. */
  readonly flavour: string;
  /** Signed by a key; needed under secure boot. */
  readonly signed: boolean;
}

/** Returns the path of a module, of the running kernel unless another is named. */
export function modulePath(machine: Machine, module: string, kernel = machine.kernelRelease): string {
  return `/usr/lib/modules/${kernel}/kernel/drivers/video/${module}.ko`;
}

export function moduleText(file: ModuleFile): string {
  return `version=${file.version}\nflavour=${file.flavour}\nsigned=${file.signed ? "yes" : "no"}\n`;
}

/** Returns what is on disk for the running kernel, `undefined` when there is no such module. */
export function moduleOnDisk(machine: Machine, module: string): ModuleFile | undefined {
  const text = machine.readFile(modulePath(machine, module));
  if (text === undefined) return undefined;
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return { version: field("version"), flavour: field("flavour"), signed: field("signed") === "yes" };
}

/** Whether secure boot keeps the kernel from loading this file. */
export function refusedBySecureBoot(machine: Machine, file: ModuleFile): boolean {
  return machine.options.secureBoot === true && !file.signed;
}

/** Whether a module is kept from being loaded by itself: blacklisted, or replaced by an `install` line. */
export function blocked(machine: Machine, module: string, where: "initramfs" | "root"): boolean {
  const config = machine.modprobeConfig(where);
  const commandLine = machine.options.kernelCommandLine ?? "";
  const named = /(?:^|\s)modprobe\.blacklist=(\S+)/.exec(commandLine)?.[1]?.split(",") ?? [];
  return config.blacklisted(module) || config.install(module) !== undefined || named.includes(module);
}
