import { type FleetPart, fleetRelease } from "../../fleet/fleet.js";
import { licenseToken } from "../../fleet/program.js";
import { makeProject, type Project } from "./project.js";
import { Stack } from "./stack.js";

/** What a program declares: a part of a fleet. */
export interface FleetProgram extends FleetPart {
  /** vGPUs that are constructed only after an `await`, or inside an `apply`. @default none */
  readonly late?: Readonly<Record<string, "await" | "apply">>;
}

/** A stack whose program can be replaced between runs. */
export interface FleetStack {
  readonly stack: Stack;
  declare(program: FleetProgram): void;
  remove(): void;
}

/** Makes a stack for a part of a fleet. Project and stack give vGPUs the UUIDs that `uuidOf` of the hosts' bed gives. */
export async function openFleetStack(program: FleetProgram): Promise<FleetStack> {
  const project = makeProject({ "Pulumi.yaml": pulumiYaml });
  const declare = (next: FleetProgram) => writeProgram(project, next);
  declare(program);
  const stack = new Stack(project);
  try {
    await stack.init();
  } catch (error) {
    project.remove();
    throw error;
  }
  return { stack, declare, remove: () => project.remove() };
}

/** Plain JavaScript: it is the machines that these stories are about, and compiling costs each run a second or two. */
const pulumiYaml = `name: fleet
runtime:
  name: nodejs
  options:
    typescript: false
main: index.js
options:
  refresh: always
`;

function writeProgram(project: Project, { config, packages, late = {} }: FleetProgram): void {
  project.write("fleet.json", JSON.stringify({ ...config, packages, late, ...fleetRelease, licenseToken }));
  project.write("index.js", programText);
}

const programText = `
const { readFile } = require("node:fs/promises");
const pulumi = require("@pulumi/pulumi");
const vgpu = require("pulumi-vgpu");
const { hosts, guests, packages, late, release, licenseToken } = require("./fleet.json");
const reboot = { allow: true };
for (const [name, { connection, gpu, vgpus }] of Object.entries(hosts)) {
  const driver = { release, package: packages.manager };
  const host = new vgpu.VgpuHost(name, { connection, driver, gpus: { [gpu]: { usage: "vgpu" } }, reboot });
  const construct = {
    now: (make) => make(),
    await: async (make) => { await readFile(__filename); make(); },
    apply: (make) => void host.observed.apply(make),
  };
  for (const [desk, type] of Object.entries(vgpus)) {
    construct[late[desk] ?? "now"](() => { new vgpu.MdevDevice(desk, { host, gpu, type }); });
  }
}
for (const [name, { connection }] of Object.entries(guests)) {
  new vgpu.GuestDriverInstall(name, {
    guest: { connection },
    driver: { release, package: packages.guest },
    license: { token: pulumi.secret(licenseToken) },
    reboot,
  });
}
`;
