// libvirt: a domain with a vGPU, by the element that the resource puts out.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { say } from "../look.js";
import { withVgpu } from "../vgpus.js";

/** What an MdevDevice's hostdevXml relies on. */
export const libvirtContracts: readonly Contract[] = [
  {
    id: "libvirt/hostdev",
    relies: "hostdev",
    needs: ["vGPU host", "mdev parent"],
    on: ({ column }) => column !== "simulated",
    title:
      "starts a domain with the element that the resource puts out, and its QEMU has the vGPU's file open",
    check: (bed) =>
      withVgpu(bed, async ({ id }) => {
        const user = await bed.use(id, "contract-domain");
        try {
          const open = await say(
            bed,
            `find /proc/${user.pid}/fd -maxdepth 1 -lname '/dev/vfio/*' -printf '%l\\n'`,
          );
          expect(open).toMatch(/^\/dev\/vfio\/(\d+|devices\/vfio\d+)$/m);
          expect(await say(bed, "virsh list --name")).toContain("contract-domain");
        } finally {
          await user.end();
        }
      }),
  },
];
