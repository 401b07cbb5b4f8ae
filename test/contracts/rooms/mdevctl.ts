// mdevctl: definitions of mdevs.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { parseMdevDefinitions } from "../../../provider/observe/parse-mdevctl.js";
import type { Bed, BedFacts, Contract } from "../contract.js";
import { say } from "../look.js";
import { parents, typeFolder, withVgpu } from "../vgpus.js";

const relies = "mdevctl";
const needs = ["vGPU host", "mdev parent"] as const;
const on = (facts: BedFacts) => facts.mdevctl && facts.vgpuInterface !== "vendor-vfio";
const listing = "mdevctl list -d --dumpjson 2> /dev/null";
const nothing = { code: 0, stdout: "", stderr: "" };

/** A definition that a contract made: its parts, and the definitions as they are listed. */
interface Defined {
  readonly uuid: string;
  readonly parent: string;
  readonly type: string;
  listed(): Promise<unknown>;
}

/** Defines an mdev that does not exist, lets the work look at it, and takes it away. */
async function withDefinition(bed: Bed, work: (defined: Defined) => Promise<void>): Promise<void> {
  const uuid = randomUUID();
  const parent = (await parents(bed)).at(-1) ?? "";
  const type = (await typeFolder(bed, parent, bed.facts.types.one)).split("/").at(-1) ?? "";
  const listed = async () =>
    parseMdevDefinitions(await say(bed, listing))?.find((each) => each.mdevUuid === uuid);
  expect(await bed.shell(`mdevctl define -u ${uuid} -p ${parent} -t ${type}`)).toEqual(nothing);
  try {
    await work({ uuid, parent, type, listed });
  } finally {
    await bed.shell(`mdevctl undefine -u ${uuid}; rmdir /etc/mdevctl.d/${parent} 2> /dev/null`);
  }
}

/** What definitions rely on. */
export const mdevctlContracts: readonly Contract[] = [
  {
    id: "mdevctl/none",
    relies,
    needs,
    on,
    title: "list -d --dumpjson prints an empty list without definitions",
    check: async (bed) => {
      expect(JSON.parse(await say(bed, listing))).toEqual([]);
    },
  },
  {
    id: "mdevctl/define",
    relies,
    needs,
    on,
    title: "define says nothing, starts nothing, and its start is manual",
    check: (bed) =>
      withDefinition(bed, async ({ uuid, parent, type, listed }) => {
        expect(await listed()).toEqual({ mdevUuid: uuid, parent, mdevType: type, start: "manual" });
        expect((await bed.shell(`[ -e /sys/bus/mdev/devices/${uuid} ]`)).code).toBe(1);
      }),
  },
  {
    id: "mdevctl/file",
    relies: "/etc/mdevctl.d/<parent>/<uuid>",
    needs,
    on,
    title: "is JSON with type and start, the start in a form that grep finds",
    check: (bed) =>
      withDefinition(bed, async ({ uuid, parent, type }) => {
        const path = `/etc/mdevctl.d/${parent}/${uuid}`;
        const auto = `grep -q '"start":[[:space:]]*"auto"' ${path}`;
        expect(JSON.parse(await say(bed, `cat ${path}`))).toMatchObject({ mdev_type: type, start: "manual" });
        expect((await bed.shell(auto)).code).toBe(1);
        expect(await bed.shell(`mdevctl modify -u ${uuid} -p ${parent} -a`)).toEqual(nothing);
        await say(bed, auto);
      }),
  },
  {
    id: "mdevctl/modify",
    relies,
    needs,
    on,
    title: "modify -m makes an automatic start manual again",
    check: (bed) =>
      withDefinition(bed, async ({ uuid, parent, listed }) => {
        expect(await bed.shell(`mdevctl modify -u ${uuid} -p ${parent} -a`)).toEqual(nothing);
        expect(await listed()).toMatchObject({ start: "auto" });
        expect(await bed.shell(`mdevctl modify -u ${uuid} -p ${parent} -m`)).toEqual(nothing);
        expect(await listed()).toMatchObject({ start: "manual" });
      }),
  },
  {
    id: "mdevctl/define-running",
    relies,
    needs,
    on,
    title: "define takes a device that runs, and undefine leaves it running",
    check: (bed) =>
      withVgpu(bed, async ({ id, parent, device }) => {
        const type = await say(bed, `basename "$(readlink ${device}/mdev_type)"`);
        expect(await bed.shell(`mdevctl define -u ${id} -p ${parent} -t ${type}`)).toEqual(nothing);
        expect(await bed.shell(`mdevctl undefine -u ${id}`)).toEqual(nothing);
        await say(bed, `[ -e ${device} ]; rmdir /etc/mdevctl.d/${parent} 2> /dev/null || :`);
      }),
  },
  {
    id: "mdevctl/twice",
    relies,
    needs,
    on,
    title: "define of what is defined is refused, exit code 1 and a reason",
    check: (bed) =>
      withDefinition(bed, async ({ uuid, parent, type }) => {
        const again = await bed.shell(`mdevctl define -u ${uuid} -p ${parent} -t ${type}`);
        expect(again).toMatchObject({ code: 1, stdout: "" });
        expect(again.stderr).toMatch(/already (exists|defined)/);
      }),
  },
  {
    id: "mdevctl/undefine",
    relies,
    needs,
    on,
    title: "undefine takes the file away, and of what is not defined exits 1 with a reason",
    check: (bed) =>
      withDefinition(bed, async ({ uuid, parent, listed }) => {
        expect(await bed.shell(`mdevctl undefine -u ${uuid}`)).toEqual(nothing);
        expect(await listed()).toBeUndefined();
        expect((await bed.shell(`[ -e /etc/mdevctl.d/${parent}/${uuid} ]`)).code).toBe(1);
        const again = await bed.shell(`mdevctl undefine -u ${uuid}`);
        expect(again).toMatchObject({ code: 1, stdout: "" });
        expect(again.stderr).not.toBe("");
        const modified = await bed.shell(`mdevctl modify -u ${uuid} -p ${parent} -m`);
        expect(modified).toMatchObject({ code: 1, stdout: "" });
      }),
  },
  {
    id: "mdevctl/udev-rule",
    relies: "60-mdevctl.rules",
    needs,
    on,
    title: "udev's rule names the program that starts automatic definitions, wherever the package puts it",
    check: async (bed) => {
      const rule =
        "/etc/udev/rules.d/60-mdevctl.rules /usr/lib/udev/rules.d/60-mdevctl.rules /lib/udev/rules.d/60-mdevctl.rules";
      const found = await say(
        bed,
        `sed -n 's,.*[^/[:alnum:]]\\(/[/[:alnum:]]*/mdevctl\\) start-parent-mdevs.*,\\1,p' ${rule} 2> /dev/null | head -n 1`,
      );
      expect(found).toMatch(/^\/usr\/s?bin\/mdevctl$/);
    },
  },
];
