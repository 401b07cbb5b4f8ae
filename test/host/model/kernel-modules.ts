import type { Machine } from "../types.js";
import { attribute, dir, link, type SysEntry } from "./sys-nodes.js";

/** PCI drivers that a module registers. */
export type PciDriversOf = (module: string) => readonly string[];

/** Returns what is below /sys/module: the loaded modules of the machine, as its kernel shows them. */
export function moduleEntries(
  machine: Machine | undefined,
  pciDrivers: PciDriversOf,
): Record<string, SysEntry> {
  const entries: Record<string, SysEntry> = {};
  for (const name of machine?.modules.loadedNames() ?? []) {
    const folder = name.replaceAll("-", "_");
    entries[folder] = dir(() => oneModule(machine as Machine, name, pciDrivers));
  }
  return entries;
}

function oneModule(machine: Machine, name: string, pciDrivers: PciDriversOf): Record<string, SysEntry> {
  const users = machine.modules.users(name);
  const loaded = new Set(machine.modules.loadedNames());
  const holders = users.filter((user) => loaded.has(user));
  const entries: Record<string, SysEntry> = {
    initstate: attribute("live"),
    refcnt: attribute(users.length),
    holders: dir(() =>
      Object.fromEntries(holders.map((user) => [user.replaceAll("-", "_"), link(`../../${user}`)])),
    ),
    parameters: dir(() => ({})),
  };
  const version = loadedVersion(machine, name);
  if (version !== undefined) entries.version = attribute(version);
  const drivers = pciDrivers(name);
  if (drivers.length > 0) {
    entries.drivers = dir(() =>
      Object.fromEntries(
        drivers.map((driver) => [`pci:${driver}`, link(`../../../bus/pci/drivers/${driver}`)]),
      ),
    );
  }
  return entries;
}

const versions = new WeakMap<Machine, Map<string, string>>();

/** Notes the version of a module at the moment it is loaded: files may change under a loaded module. */
export function noteLoadedVersion(machine: Machine, name: string, version: string): void {
  const known = versions.get(machine) ?? new Map<string, string>();
  versions.set(machine, known.set(name, version));
}

/** Returns the version of the code that runs, which may be older than the file on disk. */
export function loadedVersion(machine: Machine, name: string): string | undefined {
  return machine.modules.loaded(name) ? versions.get(machine)?.get(name) : undefined;
}
