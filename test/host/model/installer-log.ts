// The log of one run of the vendor's installer, and how a run ends.
import type { ToolResult } from "../types.js";
import type { InstallerRun } from "./installer-run.js";

export function startLog(run: InstallerRun): void {
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

export function logLine(run: InstallerRun, line: string): void {
  const { machine, logPath } = run;
  machine.writeFile(logPath, `${machine.readFile(logPath) ?? ""}${line}\n`);
}

/** Ends a run that failed: nothing is taken back. */
export function refuse(run: InstallerRun, problem: string): ToolResult {
  const text = `ERROR: ${problem}`;
  if (run.root) {
    logLine(run, text);
    logLine(run, "ERROR: Installation has failed.");
  }
  return { code: 1, stderr: `\n${text}\n\nERROR: Installation has failed, see '${run.logPath}'.\n` };
}

export function finishLog(run: InstallerRun, sentence: string): ToolResult {
  logLine(run, sentence);
  return { code: 0, stdout: run.flags.has("silent") ? "" : `\n${sentence}\n` };
}
