// DKMS: what it says of the driver's modules.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { say } from "../look.js";

/** What telling why a module is missing relies on. */
export const dkmsContracts: readonly Contract[] = [
  {
    id: "dkms/folder",
    relies: "/var/lib/dkms/nvidia",
    needs: ["host with driver", "guest with driver"],
    on: ({ dkms }) => dkms,
    title: "is a folder while DKMS has the driver, with source and what was built of it",
    check: async (bed) => {
      const version = `/var/lib/dkms/nvidia/${bed.facts.driverVersion}`;
      await say(
        bed,
        `[ -d ${version} ] && [ -e ${version}/source ] && [ -e ${version}/$(uname -r)/*/module ]`,
      );
    },
  },
  {
    id: "dkms/status",
    relies: "dkms",
    needs: ["host with driver", "guest with driver"],
    on: ({ dkms }) => dkms,
    title: "status prints one line for each kernel that the driver's modules are installed for",
    check: async (bed) => {
      const kernel = await say(bed, "uname -r");
      const line = `nvidia/${bed.facts.driverVersion}, ${kernel}, x86_64: installed`;
      expect((await say(bed, "dkms status")).split("\n")).toContain(line);
    },
  },
];
