import * as pulumi from "@pulumi/pulumi";
import * as vgpu from "pulumi-vgpu";

// The inventory is stack configuration: see examples/other-drivers/README.md.
interface Inventory {
  hosts: Record<
    string,
    { connection: vgpu.ConnectionArgs; mdevs: Record<string, { parent: string; mdevType: string }> }
  >;
}

const inventory = new pulumi.Config().requireObject<Inventory>("inventory");

const devices: Record<string, vgpu.MdevDevice> = {};
for (const [name, { connection, mdevs }] of Object.entries(inventory.hosts)) {
  const host = new vgpu.VgpuHost(name, { connection });
  for (const [mdev, args] of Object.entries(mdevs)) {
    devices[mdev] = new vgpu.MdevDevice(mdev, { host, ...args });
  }
}

export const hostdev = Object.fromEntries(
  Object.entries(devices).map(([mdev, device]) => [mdev, device.hostdevXml]),
);
