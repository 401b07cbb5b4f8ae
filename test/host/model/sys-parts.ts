import type { PciBus } from "./pci-bus.js";
import { attribute, blob, dir, link, type SysEntry, trigger } from "./sys-nodes.js";

/** Returns the directory of a PCI driver. */
export function driverEntry(bus: PciBus, name: string): SysEntry {
  return dir(() => {
    const entries: Record<string, SysEntry> = {
      bind: trigger((text) => bus.bind(name, text)),
      unbind: trigger((text) => bus.unbindByName(name, text)),
    };
    for (const fn of bus.functions())
      if (fn.driver === name) entries[fn.address] = link(`../../../..${fn.path}`);
    const module = bus.drivers().find((driver) => driver.name === name)?.module;
    if (module !== undefined) entries.module = link(`../../../../module/${module.replaceAll("-", "_")}`);
    return entries;
  });
}

/** Returns what the firmware says of who made the machine. */
export function dmiEntry(maker: string, product: string): SysEntry {
  const id = { sys_vendor: attribute(maker), product_name: attribute(product) };
  return dir(() => ({ id: dir(() => id) }));
}

/** Returns what is below /sys/firmware: EFI variables, on a machine that has them. */
export function efiEntries(secureBoot: boolean | undefined): Record<string, SysEntry> {
  if (secureBoot === undefined) return {};
  const variable = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
  const content = Buffer.from([6, 0, 0, 0, secureBoot ? 1 : 0]);
  return { efi: dir(() => ({ efivars: dir(() => ({ [variable]: blob(() => content) })) })) };
}
