import { spawn } from "node:child_process";
import path from "node:path";
import { repositoryRoot } from "./paths.js";

const binaries = path.join(repositoryRoot, "node_modules", ".bin");

/** Runs a program in the repository with its output shown, one of node_modules/.bin by its bare name. Gives its exit code. */
export function runProgram(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(path.isAbsolute(program) ? program : path.join(binaries, program), args, {
    cwd: repositoryRoot,
    stdio: "inherit",
    env: process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: "1" },
  });
  // Ctrl-C reaches the child too: it ends first and tidies up, and its exit code is ours.
  const wait = () => undefined;
  process.on("SIGINT", wait);
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  }).finally(() => process.removeListener("SIGINT", wait));
}
