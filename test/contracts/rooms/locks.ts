// flock and setsid: the machine's lock, and jobs that outlive their caller.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { anyMachine, eventually, inFolder, say } from "../look.js";

const needs = anyMachine;
const held = (folder: string) => `exec 9>> ${folder}/lock; flock -n 9`;

/** What our lock and jobs rely on. */
export const lockContracts: readonly Contract[] = [
  {
    id: "flock/refuses",
    relies: "flock",
    needs,
    title: "-n fails at once, and -w after its seconds, while another process has the lock",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        const line = `${held(folder)}; (exec 9>&-; ${held(folder)}; echo $?; flock -w 1 9; echo $?)`;
        expect(await say(bed, line)).toBe("1\n1");
      }),
  },
  {
    id: "flock/ends-with-its-processes",
    relies: "flock",
    needs,
    title: "stays with a child that has the descriptor, and is free when that has ended too",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        const child = `sh -c 'while [ ! -e ${folder}/end ]; do sleep 0.1; done'`;
        await say(bed, `${held(folder)}; ${child} < /dev/null > /dev/null 2>&1 &`);
        await eventually(bed, `! { ${held(folder)}; }`);
        expect((await bed.shell(held(folder))).code).toBe(1);
        await say(bed, `touch ${folder}/end`);
        await eventually(bed, held(folder));
      }),
  },
  {
    id: "flock/shared",
    relies: "flock",
    needs,
    title: "-s waits for the end of a writer, and a reader may hold a file open for reading",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        const reader = `exec 7< ${folder}/lock; flock -s -w 20 7 && echo $(cat ${folder}/done)`;
        const writer = `(${held(folder)}; touch ${folder}/held; sleep 0.5; echo done > ${folder}/done) < /dev/null > /dev/null 2>&1 &`;
        await say(bed, writer);
        await eventually(bed, `[ -e ${folder}/held ]`);
        expect(await say(bed, reader)).toBe("done");
      }),
  },
  {
    id: "flock/shown-by-the-kernel",
    relies: "/proc/<pid>/fdinfo",
    needs,
    title: "the descriptor that holds a lock has a line of it, one that only waits for it has none",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        const look = "grep -c ^lock: /proc/$$/fdinfo/9";
        const waits = `(exec 9>&-; sh -c 'exec 9>> ${folder}/lock; flock -n 9; ${look}')`;
        expect(await say(bed, `${held(folder)}; ${look}; ${waits}; :`)).toBe("1\n0");
      }),
  },
  {
    id: "sh/same-file",
    relies: "/bin/sh",
    needs,
    title: "-ef sees that an open file is a file of that name, and -O whose it is",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        const line = `${held(folder)}; : > ${folder}/other; [ /proc/$$/fd/9 -ef ${folder}/lock ] && [ -O ${folder} ]; echo $?; [ /proc/$$/fd/9 -ef ${folder}/other ]; echo $?`;
        expect(await say(bed, line)).toBe("0\n1");
      }),
  },
  {
    id: "setsid/own-session",
    relies: "setsid",
    needs,
    title: "runs a program in a session of its own",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        // Field 6 of stat is the session; the name in brackets before it has no blanks here.
        const line = `setsid sh -c 'cut -d " " -f 1,6 /proc/$$/stat > ${folder}/stat' < /dev/null > /dev/null 2>&1; cat ${folder}/stat`;
        await bed.shell(line);
        await eventually(bed, `[ -s ${folder}/stat ]`);
        const [pid, session] = (await say(bed, `cat ${folder}/stat`)).split(" ");
        expect(session).toBe(pid);
      }),
  },
];
