// Mediated devices: types of a parent, making and removing.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { BedFacts, Contract } from "../contract.js";
import { lines, refusedWith, say, write } from "../look.js";
import { makeVgpu, parents, typeFolder, withVgpu } from "../vgpus.js";

const types = "…/mdev_supported_types/<type>/";
const devices = "/sys/bus/mdev/devices/<uuid>/";
const mediated = ({ vgpuInterface }: BedFacts) => vgpuInterface !== "vendor-vfio";
const nvidia = (facts: BedFacts) => mediated(facts) && facts.kind === "host";
const needs = ["vGPU host", "mdev parent"] as const;

/** What making and removing mdevs relies on. */
export const mdevContracts: readonly Contract[] = [
  {
    id: "mdev/other-parent",
    relies: "/sys/class/mdev_bus/<parent>/mdev_supported_types/<type>/",
    needs: "mdev parent",
    title: "a parent that is no PCI function is listed by its name, with types in the same form",
    check: async (bed) => {
      const { gpu: parent, types } = bed.facts;
      expect(await lines(bed, "ls /sys/class/mdev_bus")).toContain(parent);
      expect((await bed.shell(`[ -e /sys/bus/pci/devices/${parent} ]`)).code).toBe(1);
      const folder = await typeFolder(bed, parent, types.one);
      expect(folder).toMatch(new RegExp(`/mdev_supported_types/${parent}-\\d+$`));
      expect(await say(bed, `cat ${folder}/device_api`)).toMatch(/^vfio-/);
    },
  },
  {
    id: "mdev/mtty-ports",
    relies: "/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-<ports>/available_instances",
    needs: "mdev parent",
    title: "both types of mtty are made of the same ports, as many as their names say",
    check: async (bed) => {
      const rooms =
        "cd /sys/class/mdev_bus/mtty/mdev_supported_types && cat mtty-1/available_instances mtty-2/available_instances";
      const expectRooms = async (free: number) =>
        expect(await lines(bed, rooms)).toEqual([String(free), String(Math.floor(free / 2))]);
      const free = Number((await lines(bed, rooms))[0]);
      await expectRooms(free);
      await withVgpu(bed, () => expectRooms(free - 1));
      await withVgpu(bed, () => expectRooms(free - 2), bed.facts.types.otherSize);
    },
  },
  {
    id: "mdev/types",
    relies: types,
    needs,
    on: mediated,
    title: "a type's folder is its id, with name, available_instances and a create that only takes",
    check: async (bed) => {
      const [parent = ""] = await parents(bed);
      const folder = await typeFolder(bed, parent, bed.facts.types.one);
      expect(folder).toMatch(/\/mdev_supported_types\/[^/]+-[^/]+$/);
      expect(await say(bed, `cat ${folder}/name`)).toBe(bed.facts.types.one);
      expect(Number(await say(bed, `cat ${folder}/available_instances`))).toBeGreaterThan(0);
      expect(await say(bed, `cat ${folder}/device_api`)).toBe("vfio-pci");
      expect(await say(bed, `find ${folder}/create -printf %m`)).toBe("200");
    },
  },
  {
    id: "mdev/description",
    relies: types,
    needs: "vGPU host",
    on: nvidia,
    title: "NVIDIA's description of a type has framebuffer and limit of the whole GPU",
    check: async (bed) => {
      const [parent = ""] = await parents(bed);
      const folder = await typeFolder(bed, parent, bed.facts.types.one);
      expect(folder).toMatch(/\/nvidia-\d+$/);
      expect(await say(bed, `cat ${folder}/description`)).toMatch(
        /(^|, )framebuffer=\d+M(, .*)?, max_instance=\d+$/,
      );
    },
  },
  {
    id: "mdev/create",
    relies: devices,
    needs,
    on: mediated,
    title: "a UUID written to create is a device, with its type, its parent and a group",
    check: (bed) =>
      withVgpu(bed, async ({ id, parent, device }) => {
        const find = "find /sys/bus/mdev/devices -mindepth 1 -maxdepth 1 -type l -printf '%f\\t%l\\n'";
        expect(await lines(bed, find)).toContainEqual(expect.stringMatching(`^${id}\t.*/${parent}/${id}$`));
        const folder = await typeFolder(bed, parent, bed.facts.types.one);
        expect(await say(bed, `basename "$(readlink ${device}/mdev_type)"`)).toBe(folder.split("/").at(-1));
        expect(await say(bed, `cat ${device}/mdev_type/name`)).toBe(bed.facts.types.one);
        expect(await say(bed, `readlink ${device}/iommu_group`)).toMatch(/\/iommu_groups\/\d+$/);
        await say(bed, `[ -d /sys/class/mdev_bus/${parent}/${id} ] && [ -d ${folder}/devices/${id} ]`);
      }),
  },
  {
    id: "mdev/removes",
    relies: devices,
    needs,
    on: mediated,
    title: "1 written to remove ends an idle device, and its room is there again",
    check: async (bed) => {
      const [parent = ""] = await parents(bed);
      const room = `cat ${await typeFolder(bed, parent, bed.facts.types.one)}/available_instances`;
      const before = await say(bed, room);
      const vgpu = await makeVgpu(bed, bed.facts.types.one);
      expect(Number(await say(bed, room))).toBe(Number(before) - 1);
      await vgpu.remove();
      expect(await say(bed, room)).toBe(before);
    },
  },
  {
    id: "mdev/twice",
    relies: types,
    needs,
    on: mediated,
    title: "a UUID that exists is refused as existing",
    check: (bed) =>
      withVgpu(bed, async ({ id, parent }) => {
        const other = (await parents(bed)).at(-1) ?? parent;
        const create = `${await typeFolder(bed, other, bed.facts.types.one)}/create`;
        expect(await write(bed, create, id)).toMatchObject(refusedWith("File exists"));
      }),
  },
  {
    id: "mdev/no-uuid",
    relies: types,
    needs,
    on: mediated,
    title: "what is no UUID is refused as invalid",
    check: async (bed) => {
      const [parent = ""] = await parents(bed);
      const create = `${await typeFolder(bed, parent, bed.facts.types.one)}/create`;
      expect(await write(bed, create, "desk-1")).toMatchObject(refusedWith("Invalid argument"));
    },
  },
  {
    id: "mdev/one-size",
    relies: types,
    needs: "vGPU host",
    on: nvidia,
    title:
      "one vGPU leaves room for its size alone, in any series: the others have none, and creating one is refused for space",
    check: (bed) =>
      withVgpu(bed, async ({ parent }) => {
        const other = bed.facts.vgpuInterface === "mdev-on-pf" ? parent : ((await parents(bed))[1] ?? "");
        const { sameSize, otherSize } = bed.facts.types;
        const same = await typeFolder(bed, other, sameSize);
        const wrong = await typeFolder(bed, other, otherSize);
        expect(Number(await say(bed, `cat ${same}/available_instances`))).toBeGreaterThan(0);
        expect(await say(bed, `cat ${wrong}/available_instances`)).toBe("0");
        const refused = await write(bed, `${wrong}/create`, randomUUID());
        expect(refused).toMatchObject(refusedWith("No space left on device"));
      }),
  },
  {
    id: "mdev/one-on-a-function",
    relies: types,
    needs: "vGPU host",
    on: ({ vgpuInterface }) => vgpuInterface === "mdev-on-vf",
    title: "a virtual function with a vGPU has room for no other, and other functions have one each",
    check: (bed) =>
      withVgpu(bed, async ({ parent }) => {
        const type = bed.facts.types.one;
        const mine = await typeFolder(bed, parent, type);
        const next = await typeFolder(bed, (await parents(bed))[1] ?? "", type);
        expect(await say(bed, `cat ${mine}/available_instances ${next}/available_instances`)).toBe("0\n1");
        const refused = await write(bed, `${mine}/create`, randomUUID());
        expect(refused).toMatchObject(refusedWith("No space left on device"));
      }),
  },
];
