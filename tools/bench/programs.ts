/** A program with one host and as many vGPUs as count.json says: a number in the configuration would cost a process more. */
export const hostProgram = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import * as vgpu from "pulumi-vgpu";

const config = new pulumi.Config();
const host = new vgpu.VgpuHost("bench", {
  connection: config.requireObject<vgpu.ConnectionArgs>("connection"),
  driver: { release: "17.4", package: config.requireObject<vgpu.PackageArgs>("package") },
  gpus: { "0000:41:00.0": { usage: "vgpu" } },
  reboot: { allow: true },
});
for (let n = 1; n <= Number(readFileSync("count.json", "utf8")); n++) {
  new vgpu.MdevDevice("desk-" + n, { host, gpu: "0000:41:00.0", type: "A40-1Q" });
}
`;

/** The floor: as many dynamic resources whose provider does nothing. */
export const emptyProgram = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";

class Empty extends pulumi.CustomResource {
  constructor(name: string) {
    const __provider = 'exports.handler = () => require("./empty-provider.js").provider;';
    super("pulumi-nodejs:dynamic/bench:Empty", name, { name, __provider });
  }
}
new Empty("bench");
for (let n = 1; n <= Number(readFileSync("count.json", "utf8")); n++) new Empty("desk-" + n);
`;

/** What the floor's resources call. */
export const emptyProvider = `
exports.provider = {
  check: async (olds, news) => ({ inputs: news, failures: [] }),
  diff: async () => ({ changes: false }),
  create: async (props) => ({ id: props.name, outs: props }),
  read: async (id, props) => ({ id, props, inputs: props }),
  update: async (id, olds, news) => ({ outs: news }),
  delete: async () => {},
};
`;
