import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HeldFile } from "../types.js";
import { type PowerOn, ROOT } from "./processes.js";

/** Where the holding program is put, and its text. */
export const HOLDER = "/run/hold-open.pl";
export const HOLDER_SCRIPT = readFileSync(join(__dirname, "hold-open.pl"), "utf8");

/** Without perl the name shows as a script's does: the shell first in cmdline. */
const IN_SHELL = 'exec 8<>"$1"; echo $$; read -r _';

/** A process that keeps `path` open under another name, as a VM keeps its VFIO group. */
export async function holdOpen(
  power: PowerOn,
  { path, processName, args }: { path: string; processName: string; args: string[] },
): Promise<HeldFile> {
  const argv = existsSync("/usr/bin/perl")
    ? ["/usr/bin/perl", HOLDER, path, processName, ...args]
    : ["/bin/sh", "-c", IN_SHELL, processName, path, ...args];
  const child = await power.spawn(argv, ROOT);
  const pid = await new Promise<number>((resolve, reject) => {
    let err = "";
    child.stderr.on("data", (data) => {
      err += data;
    });
    child.stdout.once("data", (data) => resolve(Number(data)));
    void child.closed.then(() => reject(new Error(`cannot hold ${path} open: ${err.trim()}`)));
  });
  return {
    pid,
    release: async () => {
      child.stdin.end();
      await child.exited;
    },
  };
}
