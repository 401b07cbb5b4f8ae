// A mediated device that a VM has: how that shows, and what removing it does then.
import { expect } from "vitest";
import type { Bed, BedFacts, Contract } from "../contract.js";
import { eventually, lines, refusedWith, say, write, writeLine } from "../look.js";
import { type MadeVgpu, makeVgpu, typeFolder } from "../vgpus.js";

const devices = "/sys/bus/mdev/devices/<uuid>/";
const needs = ["vGPU host", "mdev parent"] as const;
const on = ({ vgpuInterface }: BedFacts) => vgpuInterface !== "vendor-vfio";
const vm = "contract-vm";

/** Makes an mdev that a VM uses; both are gone afterwards, however far the work came. */
async function inUse(
  bed: Bed,
  work: (vgpu: MadeVgpu, pid: number, end: () => Promise<void>) => Promise<void>,
) {
  const vgpu = await makeVgpu(bed, bed.facts.types.one);
  const user = await bed.use(vgpu.id, vm);
  let ended = false;
  const end = async () => {
    if (!ended) await user.end();
    ended = true;
  };
  try {
    await work(vgpu, user.pid, end);
  } finally {
    await end();
    if ((await bed.shell(`[ -e ${vgpu.device} ]`)).code === 0) await vgpu.remove();
  }
}

/** What not touching mdevs in use relies on. */
export const mdevInUseContracts: readonly Contract[] = [
  {
    id: "mdev/holder",
    relies: "/proc/<pid>/fd",
    needs,
    on,
    title: "a VM has the group's file of its mdev open, found by /proc",
    check: (bed) =>
      inUse(bed, async ({ device }, pid) => {
        const group = await say(bed, `basename "$(readlink ${device}/iommu_group)"`);
        const found = await lines(
          bed,
          `find /proc/[0-9]*/fd -maxdepth 1 -lname '/dev/vfio/${group}' -printf '%p\\n' 2> /dev/null || :`,
        );
        expect(found.map((path) => path.split("/")[2])).toContain(`${pid}`);
      }),
  },
  {
    id: "mdev/group-number",
    relies: "/sys/class/vfio/<group>/dev",
    needs,
    // Simulated machines have plain files in the place of device files.
    on: (facts) => on(facts) && facts.column !== "simulated",
    title: "an open file of a VFIO group has the number that the group has in /sys, under another name, too",
    check: (bed) =>
      inUse(bed, async ({ device }, pid) => {
        const group = await say(bed, `basename "$(readlink ${device}/iommu_group)"`);
        const number = await say(bed, `tr : ' ' < /sys/class/vfio/${group}/dev`);
        const wanted = await say(bed, `printf '%x:%x' ${number}`);
        const seen = `for file in /proc/${pid}/fd/*; do stat -L -c '%f %t:%T' "$file"; done 2> /dev/null`;
        expect(await say(bed, `${seen} | sed -n 's/^2[0-9a-f]* //p' | grep -x -m 1 ${wanted}`)).toBe(wanted);
        const other = `mknod /run/contract-node c ${number} && stat -L -c '%t:%T' /run/contract-node; rm /run/contract-node`;
        expect(await say(bed, other)).toBe(wanted);
      }),
  },
  {
    id: "mdev/vm-process",
    relies: "/proc/<pid>/comm",
    needs,
    on,
    title: "a VM's process is called qemu…",
    check: (bed) =>
      inUse(bed, async (_vgpu, pid) => {
        expect(await say(bed, `cat /proc/${pid}/comm`)).toMatch(/^qemu/);
      }),
  },
  {
    id: "mdev/vm-name",
    relies: "-name guest=…",
    needs,
    on,
    title: "a VM's command line names it",
    check: (bed) =>
      inUse(bed, async (_vgpu, pid) => {
        const text = await say(bed, `tr '\\000\\n\\t' '   ' < /proc/${pid}/cmdline`);
        expect(text).toMatch(new RegExp(`\\s-name\\s+guest=${vm}[,\\s]`));
      }),
  },
  {
    id: "mdev/removal-in-use",
    relies: devices,
    needs,
    on,
    title:
      "removing an mdev that a VM has keeps the writer until the VM ends; the device leaves the bus at once, its folder and its room stay taken",
    check: (bed) =>
      inUse(bed, async ({ id, parent, device }, _pid, end) => {
        const folder = await typeFolder(bed, parent, bed.facts.types.one);
        const left = `/sys/class/mdev_bus/${parent}/${id}`;
        const room = await say(bed, `cat ${folder}/available_instances`);
        const answer = "/run/contract-removal";
        const removal = `{ ${writeLine(`${device}/remove`, "1")}; echo $? > ${answer}; } < /dev/null > /dev/null 2>&1 &`;
        await say(bed, `rm -f ${answer}; ${removal}`);
        await eventually(bed, `[ ! -e ${device} ]`);
        expect(await lines(bed, `ls -d ${left} ${left}/iommu_group`)).toHaveLength(2);
        expect((await bed.shell(`[ -e ${left}/mdev_type ] || [ -e ${folder}/devices/${id} ]`)).code).toBe(1);
        expect(await say(bed, `cat ${folder}/available_instances`)).toBe(room);
        expect(await write(bed, `${folder}/create`, id)).toMatchObject(refusedWith("File exists"));
        expect((await bed.shell(`[ -e ${answer} ]`)).code).toBe(1);
        await end();
        await eventually(bed, `[ -e ${answer} ] && [ ! -e ${left} ]`);
        expect(await say(bed, `cat ${answer}; rm ${answer}`)).toBe("0");
        expect(Number(await say(bed, `cat ${folder}/available_instances`))).toBe(Number(room) + 1);
      }),
  },
];
