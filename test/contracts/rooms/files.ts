// Programs that touch files: dd, find, sync and the like.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { anyMachine, inFolder, lines, refusedWith, say, taken, write } from "../look.js";

const needs = anyMachine;

/** What our scripts rely on from programs that touch files. */
export const fileContracts: readonly Contract[] = [
  {
    id: "dd/writes-over",
    relies: "dd",
    needs,
    title: "writes over the start of a file and leaves the rest",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await bed.writeFile(`${folder}/file`, "0123456789");
        expect(await write(bed, `${folder}/file`, "ab")).toEqual(taken);
        expect(await bed.readFile(`${folder}/file`)).toBe("ab\n3456789");
      }),
  },
  {
    id: "dd/names-the-errno",
    relies: "dd",
    needs,
    title: "exits 1 and names the error of a write that is refused",
    check: async (bed) => {
      expect(await write(bed, "/dev/full", "1")).toMatchObject(refusedWith("No space left on device"));
      expect(await write(bed, "/proc/sys/kernel/ostype", "x")).toMatchObject({ code: 1 });
    },
  },
  {
    id: "sync/one-file",
    relies: "sync",
    needs,
    title: "takes a file, and fails for one that is not there",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `echo x > ${folder}/file && sync ${folder}/file && sync ${folder}`);
        expect((await bed.shell(`sync ${folder}/none`)).code).not.toBe(0);
      }),
  },
  {
    id: "sha256sum/forms",
    relies: "sha256sum",
    needs,
    title: "prints the sum first, of standard input and of named files, and goes on past a missing one",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `printf abc > ${folder}/file`);
        const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        expect(await say(bed, `sha256sum < ${folder}/file | cut -d ' ' -f 1`)).toBe(sum);
        const both = await bed.shell(`sha256sum ${folder}/none ${folder}/file 2> /dev/null`);
        expect(both.stdout).toBe(`${sum}  ${folder}/file\n`);
      }),
  },
  {
    id: "cp/keeps",
    relies: "cp",
    needs,
    title: "-p keeps mode and time",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `cd ${folder} && echo x > a && chmod 741 a && touch -d 2001-02-03 a && cp -p a b`);
        expect(await say(bed, `find ${folder}/b -printf '%m %TY-%Tm-%Td'`)).toBe("741 2001-02-03");
      }),
  },
  {
    id: "readlink/plain",
    relies: "readlink",
    needs,
    title: "prints what a link says, and fails without a word for what is no link",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `ln -s ../far/away ${folder}/link`);
        expect(await say(bed, `readlink ${folder}/link`)).toBe("../far/away");
        expect(await bed.shell(`readlink ${folder}/none`)).toEqual({ code: 1, stdout: "", stderr: "" });
      }),
  },
  {
    id: "rmdir/only-empty",
    relies: "rmdir",
    needs,
    title: "removes an empty folder and no other",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `mkdir -p ${folder}/a ${folder}/b/c`);
        expect((await bed.shell(`rmdir ${folder}/a ${folder}/b`)).code).toBe(1);
        expect(await lines(bed, `ls ${folder}`)).toEqual(["b"]);
      }),
  },
  {
    id: "find/printf-links",
    relies: "find",
    needs,
    title:
      "prints name, path and target of links, follows a folder named with a slash, and is quiet about none",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(
          bed,
          `mkdir -p ${folder}/real/one && ln -s real ${folder}/to && ln -s ../x/y ${folder}/real/l`,
        );
        const form = "-maxdepth 1 -type l -printf '%f\\t%p\\t%l\\n'";
        expect(await lines(bed, `find ${folder}/to/ ${form}`)).toEqual([`l\t${folder}/to/l\t../x/y`]);
        expect(await lines(bed, `find ${folder}/real ${form}`)).toEqual([`l\t${folder}/real/l\t../x/y`]);
        const none = await bed.shell(`find ${folder}/none -maxdepth 1 -type l -printf x 2> /dev/null`);
        expect(none).toMatchObject({ stdout: "" });
      }),
  },
  {
    id: "find/lname",
    relies: "find",
    needs,
    title: "finds open files below /proc by what they lead to",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        const found = `exec 7> ${folder}/open; find /proc/[0-9]*/fd -maxdepth 1 -lname '${folder}/*' -printf '%p\\t%l\\n' 2> /dev/null`;
        const { stdout } = await bed.shell(found);
        expect(stdout).toMatch(new RegExp(`^/proc/\\d+/fd/7\\t${folder}/open\\n`));
      }),
  },
];
