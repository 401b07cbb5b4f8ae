import { writeFileSync } from "node:fs";
import path from "node:path";
import type { FleetConfig } from "../../test/fleet/fleet.js";
import { engineEnvironment, exportLines } from "../engine/engine-environment.js";
import { findEngine } from "../engine/find-engine.js";
import { repositoryRoot } from "../paths.js";
import { gpuOf } from "./cards.js";
import { type LabKind, type LabKindData, labKinds } from "./kinds.js";
import { labPackages } from "./vendor/release-packages.js";
import type { LabMachine } from "./vm/lab-machine.js";

/** The vGPU that the guest has is one of this host. */
const guestHost: LabKind = "ampere";
const guestVgpu = "desk-1";

/** Tells a person how to log in to machines and how a program declares them; what both need is written into `folder`. */
export async function introduce(machines: readonly LabMachine[], folder: string): Promise<string> {
  const logins = machines.map((machine) => loginText(machine, folder)).join("\n");
  const text = `${logins}\nadmin logs in with the same key and has sudo.`;
  const parts = machines.map((machine) => inventoryOf(machine, keyFile(machine, folder)));
  const inventory: FleetConfig = {
    hosts: Object.assign({}, ...parts.map(({ hosts }) => hosts)),
    guests: Object.assign({}, ...parts.map(({ guests }) => guests)),
  };
  if (Object.keys({ ...inventory.hosts, ...inventory.guests }).length === 0) return text;
  if (findEngine() === undefined)
    return `${text}\n\nTo declare them by a program: npm run setup, and start them again.`;
  const { manager, guest } = await labPackages();
  const config = { inventory, managerPackage: manager, guestPackage: guest };
  for (const [key, value] of Object.entries(config)) {
    writeFileSync(path.join(folder, `${key}.json`), `${JSON.stringify(value, undefined, 2)}\n`);
  }
  const stack = path.join(folder, "stack.sh");
  writeFileSync(stack, stackScript(folder, Object.keys(config)));
  return `${text}\n\nTo declare them with the program of examples/fleet, in another terminal:\n  . ${stack}\n  pulumi up`;
}

function keyFile({ name }: LabMachine, folder: string): string {
  return path.join(folder, `${name}.key`);
}

/** Writes key and host key into `folder`. */
function loginText(machine: LabMachine, folder: string): string {
  const { address, name } = machine;
  const key = keyFile(machine, folder);
  const knownHosts = path.join(folder, `${name}.known_hosts`);
  writeFileSync(key, address.privateKey, { mode: 0o600 });
  writeFileSync(knownHosts, `[${address.host}]:${address.port} ${address.hostKey}\n`);
  const options = `-i ${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`;
  return `${name}:\n  ssh ${options} -p ${address.port} root@${address.host}`;
}

/** Empty for a machine without NVIDIA's GPU, which that program does not declare. */
function inventoryOf({ kind, address }: LabMachine, privateKeyPath: string): FleetConfig {
  const { host, port, hostKey } = address;
  const connection = { host, port, user: "root", hostKey, privateKeyPath };
  const { guest, type }: LabKindData = labKinds[kind];
  if (guest === true) return { hosts: {}, guests: { "guest-1": { connection, vgpu: guestVgpu } } };
  const gpu = gpuOf(kind);
  if (gpu === undefined || type === undefined) return { hosts: {}, guests: {} };
  const desk = kind === guestHost ? guestVgpu : `desk-${kind}`;
  return { hosts: { [kind]: { connection, gpu, vgpus: { [desk]: type } } }, guests: {} };
}

/** For a person's shell to read, which is then in the checkout with a stack of these machines. */
function stackScript(folder: string, keys: readonly string[]): string {
  const lines = [
    `cd '${repositoryRoot}'`,
    ...exportLines(engineEnvironment(folder)),
    "pulumi stack init lab",
    ...keys.map((key) => `pulumi config set ${key} "$(cat '${path.join(folder, `${key}.json`)}')"`),
    "pulumi config set --secret licenseToken any-text",
  ];
  return `${lines.join("\n")}\n`;
}
