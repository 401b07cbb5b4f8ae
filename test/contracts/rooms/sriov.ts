// Virtual functions: sriov-manage, and what the kernel shows of them.
import { expect } from "vitest";
import type { Bed, BedFacts, Contract } from "../contract.js";
import { eventually, lines, say, write } from "../look.js";
import { parents, withVgpu } from "../vgpus.js";

const relies = "/usr/lib/nvidia/sriov-manage";
const on = ({ totalVfs }: BedFacts) => totalVfs > 0;
const pf = (bed: Bed) => `/sys/bus/pci/devices/${bed.facts.gpu}`;
const manage = (bed: Bed, action: "-e" | "-d") => bed.shell(`${relies} ${action} ${bed.facts.gpu} 2>&1`);

/** Returns the address of a virtual function: four behind its PF, eight functions to a slot. */
function vfAddress(gpu: string, index: number): string {
  const [head = "", slot = "0", fn = "0"] = /^(.*:)([0-9a-f]{2})\.([0-7])$/.exec(gpu)?.slice(1) ?? [];
  const number = Number.parseInt(slot, 16) * 8 + Number(fn) + 4 + index;
  return `${head}${(number >> 3).toString(16).padStart(2, "0")}.${number & 7}`;
}

/** What turning virtual functions on and off relies on. */
export const sriovContracts: readonly Contract[] = [
  {
    id: "sriov/raw-write",
    relies: "/sys/bus/pci/devices/<address>/",
    needs: "host with driver",
    on,
    title:
      "sriov_numvfs is 0 after a boot and answers ENOENT to whoever writes to it: only sriov-manage makes functions",
    check: async (bed) => {
      expect(await say(bed, `cat ${pf(bed)}/sriov_numvfs`)).toBe("0");
      const refused = await write(bed, `${pf(bed)}/sriov_numvfs`, "4");
      expect(refused.code).toBe(1);
      expect(refused.stderr + refused.stdout).toContain("No such file or directory");
      expect(await say(bed, `cat ${pf(bed)}/sriov_numvfs`)).toBe("0");
    },
  },
  {
    id: "sriov/without-functions",
    relies: "/sys/bus/pci/devices/<address>/",
    needs: "host with driver",
    on,
    title: "the physical function of a board with SR-IOV carries no vGPU types",
    check: async (bed) => {
      expect((await bed.shell(`[ -e ${pf(bed)}/mdev_supported_types ]`)).code).toBe(1);
      expect((await bed.shell(`[ -e ${pf(bed)}/nvidia ]`)).code).toBe(1);
      expect((await bed.shell(`[ -e ${pf(bed)}/virtfn0 ]`)).code).toBe(1);
    },
  },
  {
    id: "sriov-manage/enables",
    relies,
    needs: "vGPU host",
    on,
    title: "-e says on which GPU it enables functions, and all of them get a driver",
    check: async (bed) => {
      const said = JSON.parse(bed.notes.get("sriov-manage") ?? "{}") as { code: number; stdout: string };
      expect(said).toMatchObject({ code: 0 });
      expect(said.stdout).toContain(`Enabling VFs on ${bed.facts.gpu}`);
      expect(await parents(bed)).toHaveLength(bed.facts.totalVfs);
      expect(await lines(bed, `ls -d ${pf(bed)}/virtfn*/driver`)).toHaveLength(bed.facts.totalVfs);
    },
  },
  {
    id: "sriov/numbering",
    relies: "/sys/bus/pci/devices/<address>/",
    needs: "vGPU host",
    on,
    title: "virtfnN leads to the function 4 + N behind the PF, and that one's physfn back to it",
    check: async (bed) => {
      const { gpu, totalVfs } = bed.facts;
      expect(await parents(bed)).toEqual(
        Array.from({ length: totalVfs }, (_, index) => vfAddress(gpu, index)),
      );
      for (const index of [0, totalVfs - 1])
        expect(await say(bed, `basename "$(readlink ${pf(bed)}/virtfn${index}/physfn)"`)).toBe(gpu);
    },
  },
  {
    id: "sriov/function",
    relies: "/sys/bus/pci/devices/<address>/",
    needs: "vGPU host",
    on,
    title: "a virtual function is a display controller of NVIDIA's with a group of its own, bound to nvidia",
    check: async (bed) => {
      const vf = `${pf(bed)}/virtfn0`;
      expect(await say(bed, `cat ${vf}/vendor ${vf}/class`)).toMatch(/^0x10de\n0x030[02]00$/);
      const groups = await lines(
        bed,
        `readlink ${pf(bed)}/iommu_group ${vf}/iommu_group ${pf(bed)}/virtfn1/iommu_group`,
      );
      expect(new Set(groups).size).toBe(3);
      expect(await say(bed, `basename "$(readlink ${vf}/driver)"`)).toBe("nvidia");
    },
  },
  {
    id: "sriov-manage/nothing-to-make",
    relies,
    needs: "vGPU host",
    on: ({ vgpuInterface }) => vgpuInterface === "mdev-on-pf",
    title: "-e makes no function on a board whose types are on the GPU itself, and leaves its types there",
    check: async (bed) => {
      await manage(bed, "-e");
      expect(await say(bed, `cat ${pf(bed)}/sriov_numvfs`)).toBe("0");
      expect((await bed.shell(`[ -e ${pf(bed)}/virtfn0 ]`)).code).toBe(1);
      expect(await lines(bed, `ls ${pf(bed)}/mdev_supported_types`)).not.toEqual([]);
    },
  },
  {
    id: "sriov-manage/twice",
    relies,
    needs: "vGPU host",
    on,
    title: "-e on a GPU whose functions are on changes nothing and says so",
    check: (bed) =>
      withVgpu(bed, async (vgpu) => {
        const again = await manage(bed, "-e");
        expect(again).toEqual({
          code: 0,
          stdout: `GPU at ${bed.facts.gpu} already has VFs enabled.\n`,
          stderr: "",
        });
        await say(bed, `[ -e ${vgpu.device} ]`);
      }),
  },
  {
    id: "sriov-manage/client",
    relies,
    needs: "vGPU host",
    on,
    title: "-d fails while a client has the driver open, naming the unbindLock, and changes nothing",
    check: async (bed) => {
      const line = `exec 3< /dev/nvidiactl; ${relies} -d ${bed.facts.gpu} 2>&1 3<&-`;
      const refused = await bed.shell(line);
      expect(refused.stdout).toContain("unbindLock");
      expect(await parents(bed)).toHaveLength(bed.facts.totalVfs);
    },
  },
  {
    id: "sriov-manage/disables",
    relies,
    needs: "vGPU host",
    on,
    title: "-d takes the functions away, twice is harmless, and -e brings them back",
    check: async (bed) => {
      expect((await manage(bed, "-d")).stdout).not.toContain("unbindLock");
      await eventually(bed, `[ ! -e ${pf(bed)}/virtfn0 ]`);
      await manage(bed, "-d");
      expect(await parents(bed)).toEqual([]);
      await manage(bed, "-e");
      await eventually(bed, `[ -e ${pf(bed)}/virtfn${bed.facts.totalVfs - 1}/driver ]`, 90);
      await eventually(bed, `[ -e ${pf(bed)}/virtfn0/mdev_supported_types -o -e ${pf(bed)}/virtfn0/nvidia ]`);
    },
  },
];
