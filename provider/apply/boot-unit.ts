import { createHash } from "node:crypto";
import { readScript } from "../observe/read-script.js";
import { ownFolder } from "../transport/command/remote-script.js";
import { lockFunctions } from "../transport/lock/lock-scripts.js";

/** Returns the script that restores vGPUs at boot: the very functions that make them, and a loop over the manifest. */
export function restoreScript(): string {
  return `#!/bin/sh\n${lockFunctions()}${libraryScript("host")}${readScript("apply/shell/restore.sh")}`;
}

/** Returns the systemd unit that runs the script. */
export function bootUnit(): string {
  return readScript("apply/pulumi-vgpu.service");
}

/** Returns the shell functions that every changing script starts with; each kind of machine has records of its own. */
export function libraryScript(side: "host" | "guest"): string {
  const parts = ["forms", "manifest", "held", "functions"].map((name) =>
    readScript(`apply/shell/${name}.sh`),
  );
  return `side=${side}\n${ownFolder()}${parts.join("")}`;
}

/** Returns the sha256 of the boot unit's files, by file name, as this version writes them. */
export function bootFileHashes(): Record<string, string> {
  return { restore: sha256(restoreScript()), "pulumi-vgpu.service": sha256(bootUnit()) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
