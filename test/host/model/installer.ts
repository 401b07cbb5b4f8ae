import type { Machine, ToolCall, ToolHandler, ToolResult } from "../types.js";
import type { HostFaults, InstallerFault } from "./faults.js";
import { finishLog, logLine, refuse, startLog } from "./installer-log.js";
import { installModules, removeModules, unloadModules } from "./installer-modules.js";
import { failedTestLoad, problemOfMachine, problemOfTools } from "./installer-problems.js";
import type { DriverContent, InstallerRun } from "./installer-run.js";
import { faultExit } from "./run-package.js";

/** Returns the program behind the packages' scripts and behind nvidia-uninstall: one call does one step. */
export function installerTool(content: DriverContent, faults: HostFaults): ToolHandler {
  const failedOnce = new Set<string>();
  /** Machines on which the present run misbehaves so. */
  const misbehaving = new WeakMap<Machine, InstallerFault>();
  return async (call, machine) => {
    const [step = "", ...words] = stepOf(call);
    const run = runOf({ content, machine, root: call.root }, step, words);
    if (step === "prepare") {
      misbehaving.delete(machine);
      const problem = await prepare(run);
      if (problem !== undefined) return refuse(run, problem);
      const fault = chooseFault(faults, run.option("fault"));
      if (fault === "fail-once" && !failedOnce.has(run.version)) {
        failedOnce.add(run.version);
        return refuse(run, "Building the kernel modules failed; the compiler was ended by a signal.");
      }
      if (fault === "nothing" || fault === "hang" || fault === "die") return { code: faultExit[fault] };
      if (fault !== undefined) misbehaving.set(machine, fault);
      return takeOldAway(run);
    }
    if (step === "files") return filesStep(run);
    if (step === "modules") return installModules(run, misbehaving.get(machine));
    if (step === "services") return servicesStep(run);
    if (step === "finish")
      return finishLog(run, `Installation of the NVIDIA driver ${run.version} is complete.`);
    if (step === "uninstall") return uninstall(run);
    return { code: 1, stderr: `ERROR: unknown step ${step}\n` };
  };
}

function stepOf(call: ToolCall): string[] {
  return call.tool.endsWith("nvidia-uninstall") ? ["uninstall", ...call.argv.map(uninstallFlag)] : call.argv;
}

function uninstallFlag(argument: string): string {
  if (argument.startsWith("--log-file-name=")) return argument.replace("--log-file-name", "log");
  return argument === "-s" || argument === "--silent" ? "silent" : argument;
}

function runOf(
  on: Pick<InstallerRun, "content" | "machine" | "root">,
  step: string,
  words: readonly string[],
): InstallerRun {
  const option = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const version = option("version") ?? "";
  const usual = `/var/log/nvidia-${step === "uninstall" ? "uninstall" : "installer"}.log`;
  const branch = Number(version.split(".")[0]);
  return { ...on, version, branch, flags: new Set(words), logPath: option("log") ?? usual, option };
}

function chooseFault(faults: HostFaults, baked: string | undefined): InstallerFault | undefined {
  if (faults.installer !== undefined && faults.installerTimes > 0) {
    faults.installerTimes--;
    return faults.installer;
  }
  return baked === "" ? undefined : (baked as InstallerFault | undefined);
}

/**
 * What comes before anything on disk changes. The hook of the installed driver and the unloading of its modules come
 * before compiler, nouveau and headers are looked for, and nothing brings them back. Source: programs.md 3
 */
async function prepare(run: InstallerRun): Promise<string | undefined> {
  if (!run.root) return "nvidia-installer must be run as root.";
  startLog(run);
  const early = problemOfMachine(run);
  if (early !== undefined) return early;
  if (run.machine.exists("/usr/bin/nvidia-uninstall")) {
    for (const unit of run.content.services) await run.machine.stopUnit(unit);
  }
  if (!run.flags.has("skip-module-unload")) {
    const busy = await unloadModules(run);
    if (busy !== undefined) return busy;
  }
  return problemOfTools(run) ?? failedTestLoad(run);
}

/** Another version's driver is taken away by its own uninstaller, the same one's by ours. */
function takeOldAway(run: InstallerRun): ToolResult {
  if (run.machine.exists("/usr/bin/nvidia-uninstall")) {
    logLine(run, "-> Taking the installed driver away");
    removeModules(run);
    run.content.remove(run.machine);
    run.content.registerModules(run.machine);
  }
  return { code: 0 };
}

function filesStep(run: InstallerRun): ToolResult {
  logLine(run, "-> Installing the user space part");
  run.content.installFiles(run.machine, run.version);
  return { code: 0 };
}

/** What the post-install hook does. */
function servicesStep(run: InstallerRun): ToolResult {
  run.content.installServices(run.machine);
  return { code: 0 };
}

/** Ends with 0 whatever happened, unless it is not root's. What runs and is in use stays until a reboot. */
async function uninstall(run: InstallerRun): Promise<ToolResult> {
  const { machine, content } = run;
  if (!run.root) return { code: 1, stderr: "ERROR: nvidia-installer must be run as root.\n" };
  if (!run.flags.has("silent") && !run.flags.has("no-ui") && !run.flags.has("terminal")) {
    return { code: 1, stderr: "ERROR: there is no terminal to ask on (see --silent).\n" };
  }
  startLog(run);
  for (const name of [...content.modules].reverse()) {
    await machine.modules
      .unload(name)
      .catch(() => logLine(run, `-> module ${name} stays loaded until a reboot`));
  }
  removeModules(run);
  content.remove(machine);
  content.registerModules(machine);
  return finishLog(run, "Uninstallation of the NVIDIA driver is complete.");
}
