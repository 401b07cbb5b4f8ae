import { SysError } from "../types.js";
import { kernelUuid } from "./gpu-sys.js";
import { type Mtty, type MttyMdev, type MttyType, mttyTypes } from "./mtty.js";
import { attribute, type DirEntry, dir, link, type SysEntry, trigger } from "./sys-nodes.js";

/**
 * Returns what the module mtty adds to /sys. Source: Linux 6.1, mtty.c (`mtty_dev_init`: a device of class mtty without a
 * parent) and drivers/vfio/mdev/mdev_sysfs.c; a type has no description, since the driver gives none.
 */
export function mttyTree(mtty: Mtty): DirEntry {
  return dir((): Record<string, SysEntry> => {
    if (!mtty.loaded) return {};
    const device = link("../../devices/virtual/mtty/mtty");
    return {
      bus: dir(() => ({ mdev: dir(() => mdevBus(mtty)) })),
      class: dir(() => ({ mdev_bus: dir(() => ({ mtty: device })), mtty: dir(() => ({ mtty: device })) })),
      devices: dir(() => ({
        virtual: dir(() => ({ mtty: dir(() => ({ mtty: dir(() => deviceEntries(mtty)) })) })),
      })),
      kernel: dir(() => ({ iommu_groups: dir(() => groupEntries(mtty)) })),
    };
  });
}

function onBus(mtty: Mtty): readonly MttyMdev[] {
  return mtty.mdevs.filter(({ removing }) => !removing);
}

function mdevBus(mtty: Mtty): Record<string, SysEntry> {
  const links = (toRoot: string) =>
    Object.fromEntries(
      onBus(mtty).map(({ uuid }) => [uuid, link(`${toRoot}/devices/virtual/mtty/mtty/${uuid}`)]),
    );
  return {
    devices: dir(() => links("../../..")),
    drivers: dir(() => ({ mtty: dir(() => links("../../../..")) })),
  };
}

function deviceEntries(mtty: Mtty): Record<string, SysEntry> {
  const types = mttyTypes.map((type): [string, SysEntry] => [type.folder, typeEntry(mtty, type)]);
  return {
    mdev_supported_types: dir(() => Object.fromEntries(types)),
    subsystem: link("../../../../class/mtty"),
    uevent: attribute(""),
    ...Object.fromEntries(mtty.mdevs.map((mdev) => [mdev.uuid, mdevEntry(mtty, mdev)])),
  };
}

function typeEntry(mtty: Mtty, type: MttyType): SysEntry {
  const devices = () => onBus(mtty).filter((mdev) => mdev.type === type);
  return dir(() => ({
    available_instances: attribute(() => mtty.available(type)),
    create: trigger((text) => mtty.create(type, kernelUuid(text))),
    device_api: attribute("vfio-pci"),
    devices: dir(() => Object.fromEntries(devices().map(({ uuid }) => [uuid, link(`../../../${uuid}`)]))),
    name: attribute(type.name),
  }));
}

function mdevEntry(mtty: Mtty, mdev: MttyMdev): SysEntry {
  const toRoot = "../../../../..";
  const group = mdev.iommuGroup;
  const staying = {
    iommu_group: link(`${toRoot}/kernel/iommu_groups/${group}`),
    // Without a number: Debian's kernels, 6.1 and 6.12, make no files for single devices. Seen in the lab.
    "vfio-dev": dir(() => ({ [`vfio${group}`]: dir(() => ({})) })),
  };
  // While a removal waits this is all that is left.
  if (mdev.removing) return dir(() => staying);
  return dir(() => ({
    ...staying,
    driver: link(`${toRoot}/bus/mdev/drivers/mtty`),
    mdev_type: link(`../mdev_supported_types/${mdev.type.folder}`),
    remove: trigger(async (text) => {
      const number = Number(text);
      if (text === "" || !Number.isInteger(number)) throw new SysError("EINVAL");
      if (number !== 0) await mtty.remove(mdev);
    }),
    subsystem: link(`${toRoot}/bus/mdev`),
    uevent: attribute("DRIVER=mtty"),
    vendor: dir(() => ({ sample_mdev_dev: attribute(`This is MDEV ${mdev.uuid}`) })),
  }));
}

function groupEntries(mtty: Mtty): Record<string, SysEntry> {
  const entries = mtty.mdevs.map(({ iommuGroup, uuid }): [string, SysEntry] => {
    const device = link(`../../../../devices/virtual/mtty/mtty/${uuid}`);
    return [String(iommuGroup), dir(() => ({ devices: dir(() => ({ [uuid]: device })) }))];
  });
  return Object.fromEntries(entries);
}
