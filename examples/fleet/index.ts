import * as pulumi from "@pulumi/pulumi";
import * as vgpu from "pulumi-vgpu";

// The inventory is stack configuration, so that one program serves every site: see examples/fleet/README.md.
interface Inventory {
  hosts: Record<string, { connection: vgpu.ConnectionArgs; gpu: string; vgpus: Record<string, string> }>;
  guests: Record<string, { connection: vgpu.ConnectionArgs; vgpu: string }>;
}

const config = new pulumi.Config();
const inventory = config.requireObject<Inventory>("inventory");
const release = config.get("release") ?? "17.4";
const manager = config.requireObject<vgpu.PackageArgs>("managerPackage");
const guestDriver = config.requireObject<vgpu.PackageArgs>("guestPackage");
const reboot = { allow: true };

const vgpus: Record<string, vgpu.MdevDevice> = {};
for (const [name, { connection, gpu, vgpus: types }] of Object.entries(inventory.hosts)) {
  const host = new vgpu.VgpuHost(name, {
    connection,
    driver: { release, package: manager },
    gpus: { [gpu]: { usage: "vgpu" } },
    reboot,
  });
  for (const [desk, type] of Object.entries(types)) {
    vgpus[desk] = new vgpu.MdevDevice(desk, { host, gpu, type });
  }
}

for (const [name, guest] of Object.entries(inventory.guests)) {
  const device = vgpus[guest.vgpu];
  if (device === undefined)
    throw new pulumi.RunError(`guest ${name}: the inventory has no vGPU ${guest.vgpu}`);
  new vgpu.GuestDriverInstall(name, {
    guest: { connection: guest.connection },
    device,
    driver: { release, package: guestDriver },
    license: { token: config.requireSecret("licenseToken") },
    reboot,
  });
}

export const hostdev = Object.fromEntries(
  Object.entries(vgpus).map(([desk, device]) => [desk, device.hostdevXml]),
);
