/** A program over the hosts, and as many vGPUs on each as declared.json says. */
export const hostsProgram = `
import { readFileSync } from "node:fs";
import * as vgpu from "pulumi-vgpu";

const { connections, driver, gpu, vgpus, type } = JSON.parse(readFileSync("declared.json", "utf8"));
for (const name of Object.keys(connections)) {
  const host = new vgpu.VgpuHost(name, {
    connection: connections[name],
    driver,
    gpus: { [gpu]: { usage: "vgpu" } },
    reboot: { allow: true },
  });
  for (let n = 1; n <= vgpus; n++) new vgpu.MdevDevice(name + "-" + n, { host, gpu, type });
}
`;
