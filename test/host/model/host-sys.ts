import { type Machine, SysError } from "../types.js";
import type { Gpu, SimulatedVgpu } from "./gpu.js";
import { type VgpuSurface, vgpuEntries } from "./gpu-sys.js";
import { moduleEntries } from "./kernel-modules.js";
import type { PciBus } from "./pci-bus.js";
import type { PciFunction } from "./pci-function.js";
import { attribute, control, type DirEntry, dir, link, type SysEntry, trigger } from "./sys-nodes.js";
import { dmiEntry, driverEntry, efiEntries } from "./sys-parts.js";

/** What the tree of a host is made from. */
export interface HostTreeParts {
  readonly bus: PciBus;
  readonly gpus: readonly Gpu[];
  readonly surface: VgpuSurface;
  /** Names of the IOMMU units; empty with the IOMMU off. */
  readonly iommuUnits: readonly string[];
  readonly secureBoot: boolean | undefined;
  /** The device number of a VFIO group's file. */
  readonly groupNumber: (group: number) => string;
  readonly machine: () => Machine | undefined;
  /** Whether the kernel has a mediated device bus now. */
  readonly mdevBus: () => boolean;
  /** SR-IOV of other vendors' functions: address -> total VFs. */
  readonly otherSriov: ReadonlyMap<string, number>;
  writeNumVfs(gpu: Gpu, text: string): void;
}

/** Returns the tree at /sys of a host. Forms: mdev.md section 2 and the A2 capture. */
export function hostTree(parts: HostTreeParts): DirEntry {
  return dir(() => ({
    bus: dir(() => busEntries(parts)),
    class: dir(() => classEntries(parts)),
    devices: dir(() => deviceEntries(parts)),
    firmware: dir(() => efiEntries(parts.secureBoot)),
    kernel: dir(() => ({ iommu_groups: dir(() => iommuGroups(parts)) })),
    module: dir(() => moduleEntries(parts.machine(), (name) => parts.bus.driversOfModule(name))),
  }));
}

function busEntries(parts: HostTreeParts): Record<string, SysEntry> {
  const { bus } = parts;
  const pci = dir(() => ({
    devices: dir(
      () => Object.fromEntries(bus.functions().map((fn) => [fn.address, link(`../../..${fn.path}`)])),
      (name) => {
        const fn = bus.find(name);
        return fn === undefined ? undefined : link(`../../..${fn.path}`);
      },
    ),
    drivers: dir(() =>
      Object.fromEntries(bus.drivers().map((driver) => [driver.name, driverEntry(bus, driver.name)])),
    ),
    drivers_probe: trigger((text) => {
      const fn = bus.find(text);
      if (fn === undefined) throw new SysError("ENODEV");
      bus.probe(fn);
    }),
  }));
  if (!parts.mdevBus()) return { pci };
  const mdevs = () => allVgpus(parts).filter((vgpu) => vgpu.mdevUuid !== undefined && !vgpu.removing);
  const mdev = dir(() => ({
    devices: dir(() => mdevLinks(mdevs(), "../../..")),
    drivers: dir(() => ({ "nvidia-vgpu-vfio": dir(() => mdevLinks(mdevs(), "../../../..")) })),
  }));
  return { mdev, pci };
}

function mdevLinks(vgpus: readonly SimulatedVgpu[], toRoot: string): Record<string, SysEntry> {
  return Object.fromEntries(
    vgpus.map((vgpu) => [vgpu.mdevUuid, link(`${toRoot}${vgpu.parent.path}/${vgpu.mdevUuid}`)]),
  );
}

function classEntries(parts: HostTreeParts): Record<string, SysEntry> {
  const entries: Record<string, SysEntry> = {
    dmi: dmiEntry("Supermicro", "AS -4124GS-TNR"),
    iommu: dir(() =>
      Object.fromEntries(parts.iommuUnits.map((unit) => [unit, link(`../../devices/virtual/iommu/${unit}`)])),
    ),
  };
  // Source: Linux 6.1, drivers/vfio/vfio_main.c: a device of class vfio for each group, named by its number.
  entries.vfio = dir(() =>
    Object.fromEntries(
      allVgpus(parts).map(({ iommuGroup }) => [
        String(iommuGroup),
        dir(() => ({ dev: attribute(parts.groupNumber(iommuGroup)) })),
      ]),
    ),
  );
  if (parts.mdevBus()) {
    entries.mdev_bus = dir(() => {
      const parents: Record<string, SysEntry> = {};
      for (const gpu of parts.gpus) {
        for (const fn of [gpu.physicalFunction, ...gpu.virtualFunctions]) {
          if ("mdev_supported_types" in vgpuEntries(gpu, fn, parts.surface))
            parents[fn.address] = link(`../..${fn.path}`);
        }
      }
      return parents;
    });
  }
  return entries;
}

function deviceEntries(parts: HostTreeParts): Record<string, SysEntry> {
  const entries: Record<string, SysEntry> = {};
  for (const root of parts.bus.roots()) {
    entries[root] = dir(
      () => childrenOf(parts, root),
      (name) => childNamed(parts, root, name),
    );
  }
  entries.system = dir(() => ({
    cpu: dir(() => ({ online: attribute("0-1"), possible: attribute("0-1") })),
  }));
  entries.virtual = dir(() => ({
    iommu: dir(() => Object.fromEntries(parts.iommuUnits.map((unit) => [unit, dir(() => ({}))]))),
  }));
  return entries;
}

function childrenOf(parts: HostTreeParts, behind: string): Record<string, SysEntry> {
  const entries: Record<string, SysEntry> = {};
  for (const fn of parts.bus.functions()) {
    if (fn.identity.behind === behind) entries[fn.address] = functionDir(parts, fn);
  }
  return entries;
}

function childNamed(parts: HostTreeParts, behind: string, name: string): SysEntry | undefined {
  const fn = parts.bus.find(name);
  return fn?.identity.behind === behind ? functionDir(parts, fn) : undefined;
}

function functionDir(parts: HostTreeParts, fn: PciFunction): SysEntry {
  const { behind, secondaryBus } = fn.identity;
  const inside = `${behind}/${fn.address}`;
  const own = () => functionEntries(parts, fn);
  if (secondaryBus === undefined) return dir(own, (name) => fn.fixedEntry(name) ?? own()[name]);
  return dir(
    () => ({ ...own(), ...childrenOf(parts, inside) }),
    (name) => childNamed(parts, inside, name) ?? own()[name],
  );
}

function functionEntries(parts: HostTreeParts, fn: PciFunction): Record<string, SysEntry> {
  const entries = fn.entries({
    iommuUnit: parts.iommuUnits.at(-1) ?? "dmar0",
    override: (text) => {
      fn.driverOverride = text === "" ? undefined : text;
    },
  });
  const gpu = parts.gpus.find((each) => each.physicalFunction === fn || each.virtualFunctions.includes(fn));
  if (gpu !== undefined) Object.assign(entries, vgpuEntries(gpu, fn, parts.surface));
  if (gpu?.physicalFunction === fn && gpu.board.totalVfs > 0) {
    const { totalVfs, deviceId, legacy } = gpu.board;
    const device = legacy ? "0000" : deviceId;
    Object.assign(entries, sriovEntries(totalVfs, { device, numVfs: gpu.virtualFunctions.length }));
    entries.sriov_numvfs = control(
      () => gpu.virtualFunctions.length,
      (text) => parts.writeNumVfs(gpu, text),
    );
    gpu.virtualFunctions.forEach((vf, index) => {
      entries[`virtfn${index}`] = link(`../${vf.address}`);
    });
  }
  const others = parts.otherSriov.get(fn.address);
  if (others !== undefined) Object.assign(entries, sriovEntries(others, { device: "1520", numVfs: 0 }));
  return entries;
}

function sriovEntries(totalVfs: number, vfs: { device: string; numVfs: number }): Record<string, SysEntry> {
  return {
    sriov_drivers_autoprobe: attribute(1),
    sriov_numvfs: attribute(vfs.numVfs),
    sriov_offset: attribute(4),
    sriov_stride: attribute(1),
    sriov_totalvfs: attribute(totalVfs),
    sriov_vf_device: attribute(vfs.device),
    sriov_vf_total_msix: attribute(0),
  };
}

function iommuGroups(parts: HostTreeParts): Record<string, SysEntry> {
  const members = new Map<number, Record<string, SysEntry>>();
  const add = (group: number, name: string, path: string) => {
    const devices = members.get(group) ?? {};
    devices[name] = link(`../../../..${path}`);
    members.set(group, devices);
  };
  for (const fn of parts.bus.functions()) {
    if (fn.identity.iommuGroup !== undefined) add(fn.identity.iommuGroup, fn.address, fn.path);
  }
  for (const { mdevUuid, iommuGroup, parent } of allVgpus(parts)) {
    if (mdevUuid !== undefined) add(iommuGroup, mdevUuid, `${parent.path}/${mdevUuid}`);
  }
  const groups = [...members].map(([group, devices]): [string, SysEntry] => [
    String(group),
    dir(() => ({ devices: dir(() => devices), reserved_regions: attribute(""), type: attribute("DMA-FQ") })),
  ]);
  return Object.fromEntries(groups);
}

function allVgpus(parts: HostTreeParts): SimulatedVgpu[] {
  return parts.gpus.flatMap((gpu) => [...gpu.vgpus]);
}
