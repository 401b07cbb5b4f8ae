import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HeldFile } from "../types.js";
import { exitOf, type PowerOn, ROOT } from "./processes.js";

/** Without perl the name shows as a script's does: the shell first in cmdline. */
const IN_SHELL = 'exec 8<>"$1"; echo $$; read -r _';

/** A process that keeps `path` open under another name, as a VM keeps its VFIO group. */
export async function holdOpen(
  power: PowerOn,
  { path, processName, args }: { path: string; processName: string; args: string[] },
): Promise<HeldFile> {
  const script = readFileSync(join(__dirname, "hold-open.pl"), "utf8");
  const argv = existsSync("/usr/bin/perl")
    ? ["/usr/bin/perl", "-e", script, path, processName, ...args]
    : ["/bin/sh", "-c", IN_SHELL, processName, path, ...args];
  const child = power.spawn(argv, ROOT);
  const pid = await new Promise<number>((resolve, reject) => {
    let err = "";
    child.stderr?.on("data", (data) => {
      err += data;
    });
    child.stdout?.once("data", (data) => resolve(Number(data)));
    child.once("exit", () => reject(new Error(`cannot hold ${path} open: ${err.trim()}`)));
  });
  const ended = exitOf(child);
  return {
    pid,
    release: async () => {
      child.stdin?.on("error", () => {});
      child.stdin?.end();
      await ended;
    },
  };
}
