// vGPUs of vendor-specific VFIO: a type number in an attribute of the virtual function.
import { expect } from "vitest";
import type { Bed, BedFacts, Contract } from "../contract.js";
import { eventually, lines, refusedWith, say, taken, write } from "../look.js";
import { creatable, makeVgpu, parents, withVgpu } from "../vgpus.js";

const relies = "…/<VF>/nvidia/creatable_vgpu_types";
const needs = "vGPU host";
const on = ({ vgpuInterface }: BedFacts) => vgpuInterface === "vendor-vfio";
const attribute = (vf: string, name: string) => `/sys/bus/pci/devices/${vf}/nvidia/${name}`;
const current = (bed: Bed, vf: string) => say(bed, `cat ${attribute(vf, "current_vgpu_type")}`);

async function twoFunctions(bed: Bed): Promise<[string, string]> {
  const [first = "", second = ""] = await parents(bed);
  return [first, second];
}

/** What vGPUs of vendor-specific VFIO rely on. */
export const vendorVfioContracts: readonly Contract[] = [
  {
    id: "vendor/list",
    relies,
    needs,
    on,
    title:
      "a free function lists number and full name of each type that can be made now, and its own type is 0",
    check: async (bed) => {
      const [first] = await twoFunctions(bed);
      const names = [...(await creatable(bed, first)).keys()];
      expect(names).toEqual(expect.arrayContaining(Object.values(bed.facts.types)));
      expect(await current(bed, first)).toBe("0");
    },
  },
  {
    id: "vendor/makes",
    relies,
    needs,
    on,
    title: "a number of the list makes the vGPU, and the attribute says so; 0 clears it",
    check: async (bed) => {
      const [first] = await twoFunctions(bed);
      const number = (await creatable(bed, first)).get(bed.facts.types.one);
      const vgpu = await makeVgpu(bed, bed.facts.types.one);
      expect(await current(bed, first)).toBe(`${number}`);
      await vgpu.remove();
      expect(await current(bed, first)).toBe("0");
    },
  },
  {
    id: "vendor/shrinks",
    relies,
    needs,
    on,
    title: "beside a vGPU other functions list its size alone, in every series; its own lists nothing",
    check: (bed) =>
      withVgpu(bed, async ({ parent }) => {
        const [, second] = await twoFunctions(bed);
        const names = [...(await creatable(bed, second)).keys()];
        expect(names).toEqual(expect.arrayContaining([bed.facts.types.one, bed.facts.types.sameSize]));
        expect(names).not.toContain(bed.facts.types.otherSize);
        expect((await creatable(bed, parent)).size).toBe(0);
      }),
  },
  {
    id: "vendor/not-creatable",
    relies,
    needs,
    on,
    title:
      "a type that is not in the list is refused with an I/O error, the attribute stays 0, and the kernel's log says 0x56 where another size lives",
    check: async (bed) => {
      const [first, second] = await twoFunctions(bed);
      const wrong = (await creatable(bed, second)).get(bed.facts.types.otherSize);
      await withVgpu(bed, async () => {
        const refused = await write(bed, attribute(second, "current_vgpu_type"), `${wrong}`);
        expect(refused).toMatchObject(refusedWith("Input/output error"));
        expect(await current(bed, second)).toBe("0");
        const log = await lines(bed, "timeout 10 dmesg | grep -e NVRM | tail -n 8");
        expect(log.join("\n")).toContain("Failed to add vgpu create request: 0x56");
      });
      expect(await current(bed, first)).toBe("0");
    },
  },
  {
    id: "vendor/no-change-in-place",
    relies,
    needs,
    on,
    title: "another type over a vGPU is refused: 0 comes first",
    check: (bed) =>
      withVgpu(bed, async ({ parent }) => {
        const [, second] = await twoFunctions(bed);
        const other = (await creatable(bed, second)).get(bed.facts.types.sameSize);
        const before = await current(bed, parent);
        const refused = await write(bed, attribute(parent, "current_vgpu_type"), `${other}`);
        expect(refused).toMatchObject(refusedWith("Input/output error"));
        expect(await current(bed, parent)).toBe(before);
      }),
  },
  {
    id: "vendor/group",
    relies: "…/vfio-dev/*",
    needs,
    on,
    title: "a function with a vGPU has its VFIO files: one named by its group, one in vfio-dev",
    check: (bed) =>
      withVgpu(bed, async ({ parent, device }) => {
        const group = await say(bed, `basename "$(readlink ${device}/iommu_group)"`);
        await eventually(bed, `[ -e /dev/vfio/${group} ]`);
        expect(await lines(bed, `ls /sys/bus/pci/devices/${parent}/vfio-dev`)).toEqual([
          expect.stringMatching(/^vfio\d+$/),
        ]);
      }),
  },
  {
    id: "vendor/in-use",
    relies: "/proc/<pid>/fd",
    needs,
    on,
    title: "who uses a vGPU has its VFIO file open, and clearing the type is refused meanwhile",
    check: (bed) =>
      withVgpu(bed, async ({ id, device }) => {
        const user = await bed.use(id, "contract-vm");
        try {
          const group = await say(bed, `basename "$(readlink ${device}/iommu_group)"`);
          const character = await say(bed, `ls ${device}/vfio-dev`);
          const open = await lines(
            bed,
            `find /proc/${user.pid}/fd -maxdepth 1 -lname '/dev/vfio/*' -printf '%l\\n'`,
          );
          expect(open).toContainEqual(expect.stringMatching(`^/dev/vfio/(${group}|devices/${character})$`));
          expect((await write(bed, attribute(id, "current_vgpu_type"), "0")).code).toBe(1);
          expect(await current(bed, id)).not.toBe("0");
        } finally {
          await user.end();
        }
        expect(await write(bed, attribute(id, "vgpu_params"), " ")).toEqual(taken);
      }),
  },
];
