// What the vendor's installer does with kernel modules: unloads, installs, registers with DKMS, loads. Source: programs.md 3
import { SysError, type ToolResult } from "../types.js";
import { addToDkms, hasDkms, removeFromDkms } from "./dkms.js";
import { type ModuleFile, modulePath, moduleText } from "./driver-files.js";
import type { InstallerFault } from "./faults.js";
import { logLine, refuse } from "./installer-log.js";
import type { InstallerRun } from "./installer-run.js";

/** Unloads what is idle. Returns why one stays, in the words of the branch. */
export async function unloadModules({ machine, content, branch }: InstallerRun): Promise<string | undefined> {
  for (const name of [...content.modules].reverse()) {
    if (!machine.modules.loaded(name)) continue;
    try {
      await machine.modules.unload(name);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      const users = machine.modules.users(name).join(", ");
      const words = branch < 545 ? "appears to already be loaded" : "appears to be already loaded";
      return `An NVIDIA kernel module '${name}' ${words} in your kernel; it is in use by ${users}.`;
    }
  }
  return undefined;
}

/** Puts the modules on disk, registers them and loads them. A failure leaves what is there by then. */
export async function installModules(run: InstallerRun, fault?: InstallerFault): Promise<ToolResult> {
  const { machine, content, version, branch, flags } = run;
  logLine(run, "-> Building and installing the kernel modules");
  if (fault === "no-module") return { code: 0 };
  const signed = run.option("secret-key") !== undefined && run.option("public-key") !== undefined;
  const file: ModuleFile = { version, flavour: content.flavour, signed };
  if (branch <= 515 && flags.has("dkms") && !hasDkms(machine))
    return refuse(run, "Failed to install the kernel module through DKMS. No kernel module was installed.");
  for (const name of content.moduleFiles) machine.writeFile(modulePath(machine, name), moduleText(file));
  register(run, file, fault);
  content.registerModules(machine);
  if (!(await content.loadModules(machine)))
    return refuse(run, "Unable to load the kernel module 'nvidia.ko'; the kernel's log may say why.");
  if (fault === "half") return refuse(run, "Unable to load the 'nvidia-vgpu-vfio' kernel module.");
  return { code: 0 };
}

/** From branch 520 by itself where DKMS is there, and its failure is a warning. */
function register(run: InstallerRun, file: ModuleFile, fault: InstallerFault | undefined): void {
  const { machine, branch, flags, content } = run;
  const wanted = branch <= 515 ? flags.has("dkms") : !flags.has("no-dkms");
  if (!wanted || !hasDkms(machine)) return;
  if (fault === "unregistered")
    logLine(run, "WARNING: Failed to register the NVIDIA kernel modules with DKMS.");
  else addToDkms(machine, file, content.moduleFiles);
}

/** Takes the modules of every version off the disk, and out of DKMS. */
export function removeModules({ machine, content }: InstallerRun): void {
  for (const name of content.moduleFiles) machine.removeFile(modulePath(machine, name));
  removeFromDkms(machine, content.moduleFiles);
}
