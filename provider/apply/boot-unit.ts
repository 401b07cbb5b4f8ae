import { createHash } from "node:crypto";
import { readScript } from "../observe/read-script.js";
import { settingFiles } from "../settings/order.js";
import { ownFolder } from "../transport/command/remote-script.js";
import { lockFunctions } from "../transport/lock/lock-scripts.js";

/** Returns the script that restores settings and vGPUs at boot: the very functions that make them, and loops over the manifest. */
export function restoreScript(): string {
  const parts = ["apply/shell/restore.sh", ...settingFiles("boot"), "apply/shell/restore-vgpus.sh"];
  return `#!/bin/sh\n${lockFunctions()}${hostFunctions()}${parts.map(readScript).join("")}`;
}

/** Returns the systemd unit that runs the script. */
export function bootUnit(): string {
  return readScript("apply/pulumi-vgpu.service");
}

/** Returns the shell functions that every changing script starts with; each kind of machine has records of its own. */
export function sharedFunctions(side: "host" | "guest"): string {
  const parts = ["forms", "manifest", "held", "functions"].map((name) =>
    readScript(`apply/shell/${name}.sh`),
  );
  return `side=${side}\n${ownFolder()}${parts.join("")}`;
}

/** Returns all of a host's shell functions: those, and what changes settings and vGPUs. */
export function hostFunctions(): string {
  const parts = [...settingFiles("functions"), "apply/shell/vgpu-functions.sh"];
  return sharedFunctions("host") + parts.map(readScript).join("");
}

/** Returns the sha256 of the boot unit's files, by file name, as this version writes them. */
export function bootFileHashes(): Record<string, string> {
  return { restore: sha256(restoreScript()), "pulumi-vgpu.service": sha256(bootUnit()) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
