// What a reboot takes, keeps and starts.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { lines, say } from "../look.js";

const needs = "rebooted vGPU host";

/** What everything about reboots relies on. */
export const bootContracts: readonly Contract[] = [
  {
    id: "reboot/boot-id",
    relies: "/proc/sys/kernel/random/boot_id",
    needs,
    title: "is another one after a reboot",
    check: async (bed) => {
      expect(await say(bed, "cat /proc/sys/kernel/random/boot_id")).not.toBe(bed.notes.get("boot id"));
    },
  },
  {
    id: "reboot/run",
    relies: "/run/pulumi-vgpu",
    needs,
    title: "what lay in /run is gone after a reboot, what lay in /var/lib is there",
    check: async (bed) => {
      expect((await bed.shell("[ -e /run/contract ]")).code).toBe(1);
      expect(await say(bed, "cat /var/lib/contract; rm /var/lib/contract")).toBe("before");
    },
  },
  {
    id: "reboot/driver",
    relies: "/sys/module/nvidia",
    needs,
    title: "the driver and its manager are there after a reboot",
    check: async (bed) => {
      expect(await say(bed, "cat /sys/module/nvidia/version")).toBe(bed.facts.driverVersion);
      await say(
        bed,
        "n=0; until systemctl is-active --quiet nvidia-vgpu-mgr.service; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done",
      );
    },
  },
  {
    id: "reboot/vgpus",
    relies: "/sys/bus/pci/devices/<address>/",
    needs,
    title: "virtual functions and vGPUs do not survive a reboot",
    check: async (bed) => {
      expect((await bed.shell(`[ -e /sys/bus/pci/devices/${bed.facts.gpu}/virtfn0 ]`)).code).toBe(1);
      expect(await lines(bed, "ls /sys/bus/mdev/devices 2> /dev/null || :")).toEqual([]);
    },
  },
  {
    id: "reboot/order",
    relies: "/etc/systemd/system/pulumi-vgpu.service",
    needs,
    title: "a boot starts what multi-user.target wants in the order of After and Before",
    check: async (bed) => {
      const wait =
        'n=0; until [ "$(wc -l < /run/contract-order)" = 3 ]; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done';
      await say(bed, wait);
      expect(await lines(bed, "cat /run/contract-order")).toEqual(["z-first", "m-middle", "a-last"]);
      const units = "contract-z-first.service contract-m-middle.service contract-a-last.service";
      await say(
        bed,
        `systemctl disable ${units}; rm /etc/systemd/system/contract-*.service; systemctl daemon-reload`,
      );
    },
  },
  {
    id: "reboot/systemctl",
    relies: "reboot",
    needs: ["host without nouveau", "guest with driver"],
    title: "systemctl reboot brings the machine back, answering",
    check: async (bed) => {
      await say(bed, "true");
    },
  },
];
