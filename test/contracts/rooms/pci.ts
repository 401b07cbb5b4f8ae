// PCI functions of the GPU in /sys, and the IOMMU.
import { expect } from "vitest";
import type { Bed, Contract } from "../contract.js";
import { lines, say } from "../look.js";

const row = "/sys/bus/pci/devices/<address>/";
const device = (bed: Bed) => `/sys/bus/pci/devices/${bed.facts.gpu}`;

/** What looking at GPUs relies on. */
export const pciContracts: readonly Contract[] = [
  {
    id: "pci/identity",
    relies: row,
    needs: ["bare host", "bare guest"],
    title:
      "a GPU has NVIDIA's vendor number and a class of display controllers, each one line of hexadecimal",
    check: async (bed) => {
      expect(await say(bed, `cat ${device(bed)}/vendor`)).toBe("0x10de");
      expect(await say(bed, `cat ${device(bed)}/class`)).toMatch(/^0x030[02]00$/);
      for (const file of ["device", "subsystem_vendor", "subsystem_device"])
        expect(await say(bed, `cat ${device(bed)}/${file}`)).toMatch(/^0x[0-9a-f]{4}$/);
    },
  },
  {
    id: "pci/console",
    relies: row,
    needs: "bare host",
    title: "boot_vga is 0, or not there, for a GPU that does not drive the console",
    check: async (bed) => {
      expect(await say(bed, `cat ${device(bed)}/boot_vga 2> /dev/null || echo 0`)).toBe("0");
    },
  },
  {
    id: "pci/totalvfs",
    relies: row,
    needs: "bare host",
    title:
      "sriov_totalvfs says how many virtual functions the board could have, also on one that never makes any",
    check: async (bed) => {
      const { shownVfs = 0, vgpuInterface } = bed.facts;
      expect(await say(bed, `cat ${device(bed)}/sriov_totalvfs 2> /dev/null || echo 0`)).toBe(`${shownVfs}`);
      if (vgpuInterface === "mdev-on-pf")
        expect(await say(bed, `cat ${device(bed)}/sriov_vf_device`)).toBe("0000");
    },
  },
  {
    id: "pci/iommu-group",
    relies: row,
    needs: "bare host",
    title: "iommu_group leads to the number of the function's group",
    check: async (bed) => {
      expect(await say(bed, `readlink ${device(bed)}/iommu_group`)).toMatch(/\/kernel\/iommu_groups\/\d+$/);
    },
  },
  {
    id: "pci/driver",
    relies: row,
    needs: ["host with driver", "guest with driver"],
    title: "driver leads to nvidia once the vendor's driver has the GPU",
    check: async (bed) => {
      expect(await say(bed, `readlink ${device(bed)}/driver`)).toMatch(/\/bus\/pci\/drivers\/nvidia$/);
    },
  },
  {
    id: "iommu/units",
    relies: "/sys/class/iommu",
    needs: "bare host",
    title: "has an entry for each unit of an IOMMU that is on",
    check: async (bed) => {
      expect((await lines(bed, "ls /sys/class/iommu")).length).toBeGreaterThan(0);
    },
  },
  {
    id: "pci/find-links",
    relies: "find",
    needs: "vGPU host",
    title: "prints the links of functions in /sys, whose last part is what they lead to",
    check: async (bed) => {
      const find = `find ${device(bed)}/ -maxdepth 1 -type l \\( -name driver -o -name iommu_group -o -name 'virtfn*' \\) -printf '%p\\t%l\\n'`;
      const found = await lines(bed, find);
      const names = found.map((line) => /\/([a-z_]+)\d*\t/.exec(line)?.[1]);
      expect([...new Set(names)].sort()).toEqual(
        bed.facts.totalVfs > 0 ? ["driver", "iommu_group", "virtfn"] : ["driver", "iommu_group"],
      );
      expect(found.filter((line) => /\/virtfn\d+\t/.test(line))).toHaveLength(bed.facts.totalVfs);
    },
  },
];
