// npm run lab: starts one machine for a person, and stops it at Ctrl-C.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Progress } from "../progress.js";
import { type LabKind, labKinds } from "./kinds.js";
import { labMissing } from "./readiness.js";
import type { LabMachine } from "./vm/lab-machine.js";
import { startLabMachine } from "./vm/start.js";

async function main([kind, ...rest]: readonly string[]): Promise<number> {
  if (kind === undefined || rest.length > 0 || !isKind(kind)) {
    if (kind !== undefined) console.log(`There is no machine "${[kind, ...rest].join(" ")}".`);
    console.log(kindsText());
    return kind === undefined ? 0 : 1;
  }
  const missing = labMissing();
  if (missing !== undefined) throw new Error(missing);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  const progress = new Progress(`Starting ${kind}`);
  progress.detail("a kind's first start boots it and takes minutes, later ones seconds");
  const machine = await Promise.race([startLabMachine({ name: kind, kind }), stopped]);
  progress.end(machine === undefined ? "Stopped." : `${kind} is up (${progress.seconds} s).`);
  if (machine !== undefined) await attend(machine, stopped);
  return 0;
}

/** Tells how to log in, and waits until the machine is switched off or somebody has had enough. */
async function attend(machine: LabMachine, stopped: Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-login-"));
  try {
    console.log(`${loginText(machine, folder)}\nCtrl-C stops it and removes its disk.`);
    await Promise.race([stopped, machine.waitUntilOff()]);
  } finally {
    await machine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${machine.name} is stopped.`);
}

/** Writes key and host key into `folder`. Root may be admin, who has sudo without a password. */
function loginText({ address }: LabMachine, folder: string): string {
  const key = path.join(folder, "key");
  const knownHosts = path.join(folder, "known_hosts");
  writeFileSync(key, address.privateKey, { mode: 0o600 });
  writeFileSync(knownHosts, `[${address.host}]:${address.port} ${address.hostKey}\n`);
  const options = `-i ${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`;
  return `  ssh ${options} -p ${address.port} root@${address.host}\nadmin logs in with the same key and has sudo.`;
}

function isKind(name: string): name is LabKind {
  return Object.hasOwn(labKinds, name);
}

function kindsText(): string {
  const rows = Object.entries(labKinds).map(([name, { is }]) => `  ${name.padEnd(8)} ${is}`);
  return `npm run lab -- KIND starts a machine. Kinds:\n${rows.join("\n")}`;
}

main(process.argv.slice(2)).then(
  // A start given up goes on in the background; its machine dies with this process.
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
