import { type Machine, SysError } from "../types.js";
import { moduleEntries } from "./kernel-modules.js";
import type { PciBus } from "./pci-bus.js";
import { type DirEntry, dir, link, type SysEntry, trigger } from "./sys-nodes.js";
import { dmiEntry, driverEntry, efiEntries } from "./sys-parts.js";

/** Returns the tree at /sys of a guest: no IOMMU, no mdev, one bus. */
export function guestTree(parts: {
  readonly bus: PciBus;
  readonly machine: () => Machine | undefined;
  readonly secureBoot: boolean | undefined;
}): DirEntry {
  const { bus } = parts;
  return dir(() => ({
    bus: dir(() => ({
      pci: dir(() => ({
        devices: dir(() =>
          Object.fromEntries(bus.functions().map((fn) => [fn.address, link(`../../..${fn.path}`)])),
        ),
        drivers: dir(() =>
          Object.fromEntries(bus.drivers().map((driver) => [driver.name, driverEntry(bus, driver.name)])),
        ),
        drivers_probe: trigger((text) => {
          const fn = bus.find(text);
          if (fn === undefined) throw new SysError("ENODEV");
          bus.probe(fn);
        }),
      })),
    })),
    class: dir(() => ({ dmi: dmiEntry("QEMU", "Standard PC (Q35 + ICH9, 2009)"), iommu: dir(() => ({})) })),
    devices: dir(() => ({ "pci0000:00": dir(() => childrenOf(bus, "pci0000:00")) })),
    firmware: dir(() => efiEntries(parts.secureBoot)),
    module: dir(() => moduleEntries(parts.machine(), (name) => bus.driversOfModule(name))),
  }));
}

function childrenOf(bus: PciBus, behind: string): Record<string, SysEntry> {
  const entries: Record<string, SysEntry> = {};
  for (const fn of bus.functions()) {
    if (fn.identity.behind !== behind) continue;
    const override = (text: string) => {
      fn.driverOverride = text === "" ? undefined : text;
    };
    entries[fn.address] = dir(() => ({
      ...fn.entries({ iommuUnit: "dmar0", override }),
      ...(fn.identity.secondaryBus === undefined ? {} : childrenOf(bus, `${behind}/${fn.address}`)),
    }));
  }
  return entries;
}
