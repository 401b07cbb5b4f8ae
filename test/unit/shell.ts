import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Hosts run our scripts in whatever their `sh` is; dash is the strictest of those. */
const shell = ["/bin/dash", "/usr/bin/dash"].find((path) => existsSync(path)) ?? "/bin/sh";

/** As long as a unit test may take. A script that goes on for ever fails its test, and no test after it. */
const longestMs = 20_000;

/** What a script did. */
export interface ShellResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script text with arguments, as the transport does; `stdin` is what the script reads. */
export function runShell(text: string, args: readonly string[] = [], stdin = ""): ShellResult {
  const result = spawnSync(shell, ["-c", text, "script", ...args], {
    input: stdin,
    encoding: "utf8",
    timeout: longestMs,
    killSignal: "SIGKILL",
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Returns what the shell has against the syntax of a script, `""` for nothing. */
export function syntaxErrors(text: string): string {
  return spawnSync(shell, ["-n"], { input: text, encoding: "utf8" }).stderr;
}
