// Kernel modules: on disk by modinfo, loaded by /sys/module.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { say } from "../look.js";

const withDriver = ["host with driver", "guest with driver"] as const;

/** What our scripts rely on about kernel modules. */
export const moduleContracts: readonly Contract[] = [
  {
    id: "modinfo/none",
    relies: "modinfo",
    needs: ["bare host", "bare guest", "mdev parent"],
    title: "exits 1 and prints nothing on its output for a module that the running kernel has not",
    check: async (bed) => {
      const result = await bed.shell("modinfo -F version nvidia");
      expect(result).toMatchObject({ code: 1, stdout: "" });
      expect(result.stderr).toMatch(/^modinfo: ERROR: Module nvidia not found\.?\n$/);
    },
  },
  {
    id: "modinfo/version",
    relies: "modinfo",
    needs: withDriver,
    title:
      "-F version prints the version of the driver on disk for the running kernel, -k for another kernel",
    check: async (bed) => {
      expect(await say(bed, "modinfo -F version nvidia")).toBe(bed.facts.driverVersion);
      expect(await say(bed, 'modinfo -k "$(uname -r)" -F version nvidia')).toBe(bed.facts.driverVersion);
      expect(await bed.shell("modinfo -k 0.0.0-none -F version nvidia")).toMatchObject({
        code: 1,
        stdout: "",
      });
    },
  },
  {
    id: "module/nouveau",
    relies: "/sys/module/nouveau",
    needs: ["bare host", "bare guest"],
    title: "is a folder while nouveau is loaded, as it is on a machine as it comes",
    check: async (bed) => {
      await say(bed, "[ -d /sys/module/nouveau ]");
    },
  },
  {
    id: "module/no-nouveau",
    relies: "/etc/modprobe.d/*.conf",
    needs: "host without nouveau",
    title: "a blacklist line keeps nouveau from loading at the next boot",
    check: async (bed) => {
      expect((await bed.shell("[ -e /sys/module/nouveau ]")).code).toBe(1);
    },
  },
  {
    id: "module/version",
    relies: "/sys/module/nvidia",
    needs: withDriver,
    title: "has the version of the driver that is loaded",
    check: async (bed) => {
      expect(await say(bed, "cat /sys/module/nvidia/version")).toBe(bed.facts.driverVersion);
    },
  },
];
