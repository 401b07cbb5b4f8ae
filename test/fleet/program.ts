import type { Properties } from "../../provider/resources/lifecycle.js";
import { vgpuUuid } from "../../sdk/vgpu-uuid.js";
import { type FleetPart, fleetRelease } from "./fleet.js";

/** One resource as sdk/ would register it. */
export interface DeclaredResource {
  readonly kind: "vgpuHost" | "mdevDevice" | "guestDriverInstall";
  readonly name: string;
  readonly inputs: Properties;
}

/** The name under which these programs own things on the machines. */
export const owner = "fleet/test";

/** Token that the demo's guests show to the license server. */
export const licenseToken = "fleet-license-token-for-simulated-guests";

/** Returns the fleet's program without the engine: hosts, then vGPUs, then guests. */
export function fleetProgram(fleet: FleetPart): DeclaredResource[] {
  const hosts = Object.keys(fleet.config.hosts).map((name) => hostResource(fleet, name));
  const vgpus = Object.keys(fleet.config.hosts).flatMap((name) => vgpuResources(fleet, name));
  const guests = Object.keys(fleet.config.guests).map((name) => guestResource(fleet, name));
  return [...hosts, ...vgpus, ...guests];
}

/** Returns one host of the fleet as a resource. */
export function hostResource(fleet: FleetPart, name: string): DeclaredResource {
  const host = fleet.config.hosts[name];
  if (host === undefined) throw new Error(`no host ${name}`);
  const inputs = {
    name,
    owner,
    connection: host.connection,
    driver: { release: fleetRelease.release, package: fleet.packages.manager },
    gpus: { [host.gpu]: { usage: "vgpu" } },
    reboot: { allow: true },
  };
  return { kind: "vgpuHost", name, inputs };
}

/** Returns the vGPUs of one host as resources, each with the set that the program declares. */
export function vgpuResources(fleet: FleetPart, hostName: string): DeclaredResource[] {
  const host = fleet.config.hosts[hostName];
  if (host === undefined) throw new Error(`no host ${hostName}`);
  const vgpus = Object.entries(host.vgpus).map(([resource, type]) => {
    const uuid = vgpuUuid("fleet", "test", resource);
    return { resource, host: hostName, gpu: host.gpu, type, uuid, keep: false };
  });
  return vgpus.map(({ resource, gpu, type, uuid }) => {
    const declared = { hosts: [], vgpus, guests: [] };
    const inputs = {
      name: resource,
      owner,
      connection: host.connection,
      host: hostName,
      gpu,
      type,
      uuid,
      declared,
    };
    return { kind: "mdevDevice", name: resource, inputs };
  });
}

function guestResource(fleet: FleetPart, name: string): DeclaredResource {
  const guest = fleet.config.guests[name];
  if (guest === undefined) throw new Error(`no guest ${name}`);
  const inputs = {
    name,
    owner,
    connection: guest.connection,
    device: vgpuUuid("fleet", "test", guest.vgpu),
    hostRelease: fleetRelease.release,
    driver: { release: fleetRelease.release, package: fleet.packages.guest },
    license: { token: licenseToken },
    reboot: { allow: true },
  };
  return { kind: "guestDriverInstall", name, inputs };
}
