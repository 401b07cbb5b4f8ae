// nvidia-smi of a host.
import { expect } from "vitest";
import { parseSmiTypes } from "../../../provider/observe/parse-smi-types.js";
import type { Contract } from "../contract.js";
import { lines, say } from "../look.js";
import { creatable, parents, typeFolder } from "../vgpus.js";

/** What naming types relies on. */
export const smiContracts: readonly Contract[] = [
  {
    id: "nvidia-smi/one-gpu",
    relies: "nvidia-smi",
    needs: "vGPU host",
    title: "takes a GPU by its address in /sys, exits 0, and says nothing of types for one that is not there",
    check: async (bed) => {
      const known = await bed.shell(`timeout 20 nvidia-smi vgpu -s -v -i ${bed.facts.gpu}`);
      expect(known.code).toBe(0);
      const other = await bed.shell("timeout 20 nvidia-smi vgpu -s -v -i 0000:ff:00.0");
      expect(other.code).not.toBe(0);
      expect(parseSmiTypes(other.stdout.split("\n"))).toEqual([]);
    },
  },
  {
    id: "nvidia-smi/supported-types",
    relies: "nvidia-smi vgpu -s -v",
    needs: "vGPU host",
    title:
      "prints number (hexadecimal), name, framebuffer and limit of each type, the numbers being those of /sys",
    check: async (bed) => {
      const { gpu, types, vgpuInterface } = bed.facts;
      const text = await lines(bed, `timeout 20 nvidia-smi vgpu -s -v -i ${gpu}`);
      const found = parseSmiTypes(text).find((type) => type.name === types.one);
      const [parent = ""] = await parents(bed);
      const number =
        vgpuInterface === "vendor-vfio"
          ? (await creatable(bed, parent)).get(types.one)
          : Number(
              (await say(bed, `basename ${await typeFolder(bed, parent, types.one)}`)).split("-").at(-1),
            );
      expect(found).toMatchObject({ vgpuTypeId: number, name: types.one });
      expect(found?.framebufferMiB).toBeGreaterThan(0);
      expect(found?.maxInstances).toBeGreaterThan(0);
    },
  },
];
