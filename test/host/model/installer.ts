import { type Machine, SysError, type ToolCall, type ToolHandler, type ToolResult } from "../types.js";
import { addToDkms, removeFromDkms } from "./dkms.js";
import { type ModuleFile, modulePath, moduleText, refusedBySecureBoot } from "./driver-files.js";
import type { HostFaults, InstallerFault } from "./faults.js";
import { faultExit } from "./run-package.js";

/** What a package of one kind puts on a machine, and how its modules get in and out of the kernel. */
export interface DriverContent {
  readonly flavour: "vgpu-kvm" | "grid";
  /** Names of the modules, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** Module names as files have them. */
  readonly moduleFiles: readonly string[];
  installFiles(machine: Machine, version: string): void;
  installServices(machine: Machine): void;
  remove(machine: Machine): void;
  /** Tells the kernel what is on disk now. */
  registerModules(machine: Machine): void;
  /** Loads them. Returns whether the driver is there afterwards. */
  loadModules(machine: Machine): Promise<boolean>;
}

const disableNouveauPath = "/etc/modprobe.d/nvidia-installer-disable-nouveau.conf";

interface Run {
  readonly machine: Machine;
  readonly content: DriverContent;
  readonly version: string;
  readonly flags: ReadonlySet<string>;
  readonly root: boolean;
  readonly logPath: string;
  option(name: string): string | undefined;
}

/** Returns the program behind the packages' scripts and behind nvidia-uninstall: one call does one step. */
export function installerTool(content: DriverContent, faults: HostFaults): ToolHandler {
  const failedOnce = new Set<string>();
  return async (call, machine) => {
    const [step = "", ...words] = stepOf(call);
    const option = (name: string) =>
      words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
    const version = option("version") ?? "";
    const logPath = `/var/log/nvidia-${step === "uninstall" ? "uninstall" : "installer"}.log`;
    const run: Run = { machine, content, version, flags: new Set(words), root: call.root, logPath, option };
    if (step === "prepare") {
      startLog(run);
      const problem = problemBefore(run) ?? (await unloadOld(run));
      if (problem !== undefined) return refuse(run, problem);
      const fault = chooseFault(faults, option("fault"));
      if (fault === "fail-once") {
        if (failedOnce.has(version)) return { code: 0 };
        failedOnce.add(version);
        return refuse(run, "Building the kernel modules failed; the compiler was ended by a signal.");
      }
      if (fault === "nothing" || fault === "hang" || fault === "die") return { code: faultExit[fault] };
      if (fault === "no-module") noModule.add(machine);
      return { code: 0 };
    }
    if (step === "files") return filesStep(run);
    if (step === "modules") return modulesStep(run);
    if (step === "services") return servicesStep(run);
    if (step === "finish") return finish(run, `Installation of the NVIDIA driver ${version} is complete.`);
    if (step === "uninstall") return uninstall(run);
    return { code: 1, stderr: `ERROR: unknown step ${step}\n` };
  };
}

/** Machines on which the present run leaves the modules out. */
const noModule = new WeakSet<Machine>();

function stepOf(call: ToolCall): string[] {
  return call.tool.endsWith("nvidia-uninstall") ? ["uninstall", ...call.argv.map(uninstallFlag)] : call.argv;
}

function uninstallFlag(argument: string): string {
  return argument === "-s" || argument === "--silent" ? "silent" : argument;
}

function chooseFault(faults: HostFaults, baked: string | undefined): InstallerFault | undefined {
  if (faults.installer !== undefined && faults.installerTimes > 0) {
    faults.installerTimes--;
    return faults.installer;
  }
  return baked === "" ? undefined : (baked as InstallerFault | undefined);
}

/** Returns why the installer refuses, before it changes anything. Facts: hosts.md a and b, installer-failures.txt */
function problemBefore(run: Run): string | undefined {
  const { machine, flags } = run;
  if (!run.root) return "nvidia-installer must be run as root.";
  const unattended = flags.has("silent") || (flags.has("accept") && flags.has("no-questions"));
  if (!unattended && !(flags.has("accept") && flags.has("no-ui")) && !flags.has("terminal")) {
    return "The license was not accepted and there is no terminal to ask on (see --accept-license, --silent).";
  }
  const packages = [...machine.packages.keys()].filter((name) =>
    /^(nvidia-driver|nvidia-dkms|nvidia-kernel|kmod-nvidia|akmod-nvidia|cuda-drivers)/.test(name),
  );
  if (packages.length > 0) {
    return `An NVIDIA driver is already installed by the distribution's packages: ${packages.join(", ")}.`;
  }
  if (machine.modules.loaded("nouveau") && !flags.has("no-nouveau-check")) {
    if (flags.has("disable-nouveau")) {
      machine.writeFile(disableNouveauPath, "blacklist nouveau\noptions nouveau modeset=0\n");
    }
    return "The Nouveau kernel driver is in use by this system and must be disabled first; a reboot is needed after that.";
  }
  if (!machine.exists("/usr/bin/cc") && !machine.exists("/usr/bin/gcc")) {
    return "Unable to find the development tool `cc` in your path; a C compiler is needed.";
  }
  const kernel = run.option("kernel") ?? machine.kernelRelease;
  if (!machine.exists(`/usr/lib/modules/${kernel}/build`)) {
    return `Unable to find the kernel source tree for the currently running kernel (${kernel}).`;
  }
  return undefined;
}

/** An idle old driver is unloaded; one in use makes the installer refuse. */
async function unloadOld(run: Run): Promise<string | undefined> {
  const { machine, content, flags } = run;
  if (flags.has("skip-module-unload")) return undefined;
  for (const name of [...content.modules].reverse()) {
    if (!machine.modules.loaded(name)) continue;
    try {
      await machine.modules.unload(name);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      const users = machine.modules.users(name).join(", ");
      return `An NVIDIA kernel module '${name}' appears to already be loaded in your kernel; it is in use by ${users}.`;
    }
  }
  return undefined;
}

function filesStep(run: Run): ToolResult {
  log(run, "-> Installing the user space part");
  run.content.installFiles(run.machine, run.version);
  return { code: 0 };
}

async function modulesStep(run: Run): Promise<ToolResult> {
  const { machine, content, version } = run;
  log(run, "-> Building and installing the kernel modules");
  if (noModule.delete(machine)) return { code: 0 };
  const signed = run.option("secret-key") !== undefined && run.option("public-key") !== undefined;
  const file: ModuleFile = { version, flavour: content.flavour, signed };
  if (refusedBySecureBoot(machine, file)) {
    content.remove(machine);
    return refuse(
      run,
      "Unable to load the kernel module 'nvidia.ko': it is not signed and secure boot is on.",
    );
  }
  for (const name of content.moduleFiles) machine.writeFile(modulePath(machine, name), moduleText(file));
  if (run.flags.has("dkms")) addToDkms(machine, file, content.moduleFiles);
  content.registerModules(machine);
  if (!(await content.loadModules(machine))) {
    for (const name of content.moduleFiles) machine.removeFile(modulePath(machine, name));
    content.registerModules(machine);
    content.remove(machine);
    return refuse(run, "Unable to load the kernel module 'nvidia.ko'; the kernel's log may say why.");
  }
  return { code: 0 };
}

function servicesStep(run: Run): ToolResult {
  run.content.installServices(run.machine);
  return { code: 0 };
}

async function uninstall(run: Run): Promise<ToolResult> {
  const { machine, content } = run;
  if (!run.root) return { code: 1, stderr: "ERROR: nvidia-installer must be run as root.\n" };
  if (!run.flags.has("silent") && !run.flags.has("no-ui") && !run.flags.has("terminal")) {
    return { code: 1, stderr: "ERROR: there is no terminal to ask on (see --silent).\n" };
  }
  startLog(run);
  for (const name of [...content.modules].reverse()) {
    await machine.modules.unload(name).catch(() => log(run, `-> module ${name} stays loaded until a reboot`));
  }
  for (const name of content.moduleFiles) machine.removeFile(modulePath(machine, name));
  removeFromDkms(machine, content.moduleFiles);
  machine.removeFile(disableNouveauPath);
  content.remove(machine);
  content.registerModules(machine);
  return finish(run, "Uninstallation of the NVIDIA driver is complete.");
}

function startLog(run: Run): void {
  run.machine.writeFile(
    run.logPath,
    [
      `nvidia-installer log file '${run.logPath}'`,
      `creation time: ${new Date().toUTCString()}`,
      `installer version: ${run.version}`,
      "",
      "nvidia-installer command line:",
      `    ./nvidia-installer ${run.option("arguments") ?? ""}`,
      "",
    ].join("\n"),
  );
}

function log(run: Run, line: string): void {
  const { machine, logPath } = run;
  machine.writeFile(logPath, `${machine.readFile(logPath) ?? ""}${line}\n`);
}

function refuse(run: Run, problem: string): ToolResult {
  const text = `ERROR: ${problem}`;
  log(run, text);
  log(run, "ERROR: Installation has failed.");
  return { code: 1, stderr: `\n${text}\n\nERROR: Installation has failed, see '${run.logPath}'.\n` };
}

function finish(run: Run, sentence: string): ToolResult {
  log(run, sentence);
  return { code: 0, stdout: run.flags.has("silent") ? "" : `\n${sentence}\n` };
}
