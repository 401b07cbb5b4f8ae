// The initramfs after nouveau was blocked.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { say } from "../look.js";

const needs = ["host without nouveau", "guest with driver"] as const;

/** What blocking nouveau relies on. */
export const initramfsContracts: readonly Contract[] = [
  {
    id: "update-initramfs/running-kernel",
    relies: "update-initramfs",
    needs,
    on: ({ distribution }) => distribution === "deb",
    title: "-u makes the image of the running kernel anew, and names it",
    check: async (bed) => {
      const made = JSON.parse(bed.notes.get("initramfs") ?? "{}") as { code: number; stdout: string };
      const kernel = (await bed.shell("uname -r")).stdout.trim();
      expect(made.code).toBe(0);
      expect(made.stdout).toContain(`update-initramfs: Generating /boot/initrd.img-${kernel}`);
    },
  },
  {
    id: "update-initramfs/told-no",
    relies: "/etc/initramfs-tools/update-initramfs.conf",
    needs: "host without nouveau",
    on: ({ distribution }) => distribution === "deb",
    title: "ends with 0 and makes no image where update_initramfs=no is set",
    check: async (bed) => {
      const settings = "/etc/initramfs-tools/update-initramfs.conf";
      const before = await bed.readFile(settings);
      const marks = "stat -c '%n %i %y %s' /boot/initrd.img-*";
      const images = await say(bed, marks);
      await bed.writeFile(settings, "update_initramfs=no\n");
      try {
        expect((await bed.shell("update-initramfs -u -k all")).code).toBe(0);
        expect(await say(bed, marks)).toBe(images);
      } finally {
        if (before === undefined) await say(bed, `rm ${settings}`);
        else await bed.writeFile(settings, before);
      }
    },
  },
  {
    id: "dracut/force",
    relies: "dracut",
    needs,
    on: ({ distribution }) => distribution === "rpm",
    title: "--force makes the image of the running kernel anew",
    check: async (bed) => {
      expect(JSON.parse(bed.notes.get("initramfs") ?? "{}")).toMatchObject({ code: 0 });
    },
  },
];
