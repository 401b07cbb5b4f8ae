// The initramfs after nouveau was blocked.
import { expect } from "vitest";
import type { Contract } from "../contract.js";

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
