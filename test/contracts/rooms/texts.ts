// The shell, and programs that read and cut texts.
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { anyMachine, inFolder, lines, say } from "../look.js";

const needs = anyMachine;

/** What our scripts rely on from the shell and from programs that cut texts. */
export const textContracts: readonly Contract[] = [
  {
    id: "sh/arguments",
    relies: "/bin/sh",
    needs,
    title: "runs a text with a name and arguments, whatever is in them",
    check: async (bed) => {
      const line = `/bin/sh -c 'printf "%s|" "$0" "$@"' name 'a  b' "it's" '$(id)' ''`;
      expect(await say(bed, line)).toBe("name|a  b|it's|$(id)||");
    },
  },
  {
    id: "sh/read-fields",
    relies: "/bin/sh",
    needs,
    title: "reads fields at tabs, joins neighbouring ones, and reads a line's last field whole",
    check: async (bed) => {
      const line = `printf 'a\\t\\tb\\tc d\\te\\n' | { IFS='\t' read -r x y z; printf '%s|%s|%s' "$x" "$y" "$z"; }`;
      expect(await say(bed, line)).toBe("a|b|c d\te");
    },
  },
  {
    id: "sh/background-output",
    relies: "/bin/sh",
    needs,
    title: "starts a command in the background that keeps neither output nor caller",
    check: async (bed) => {
      const before = Date.now();
      expect(await say(bed, "{ sleep 20; } < /dev/null > /dev/null 2>&1 & echo $!")).toMatch(/^\d+$/);
      expect(Date.now() - before).toBeLessThan(15_000);
    },
  },
  {
    id: "command/looks-for",
    relies: "/bin/sh",
    needs,
    title: "command -v says by its exit code whether a program is there",
    check: async (bed) => {
      expect((await bed.shell("command -v sh > /dev/null")).code).toBe(0);
      expect((await bed.shell("command -v no-such-program > /dev/null")).code).not.toBe(0);
    },
  },
  {
    id: "sed/last-value",
    relies: "sed",
    needs,
    title: "-n with s///p prints the values of a key",
    check: async (bed) => {
      const line = `printf '# FeatureType=9\\nFeatureType = 0\\n  FeatureType=1\\n' | sed -n 's/^[[:space:]]*FeatureType[[:space:]]*=[[:space:]]*//p' | tail -n 1`;
      expect(await say(bed, line)).toBe("1");
    },
  },
  {
    id: "sed/range",
    relies: "sed",
    needs,
    title: "-n with two patterns prints the lines from one to the other",
    check: async (bed) => {
      const line = "printf 'a\\nb 1\\nc\\nd 2\\ne\\n' | sed -n '/b/,/d/p'";
      expect(await lines(bed, line)).toEqual(["b 1", "c", "d 2"]);
    },
  },
  {
    id: "grep/files",
    relies: "grep",
    needs,
    title:
      "-rHs prints each line with its file, leaving names out by --exclude, and is quiet about a missing folder",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `mkdir ${folder}/d; echo k=v > ${folder}/d/a; echo x > ${folder}/d/a.new`);
        expect(await lines(bed, `grep -rHs --exclude='*.new' '' ${folder}`)).toEqual([`${folder}/d/a:k=v`]);
        expect(await bed.shell(`grep -rHs '' ${folder}/none`)).toMatchObject({ stdout: "", stderr: "" });
      }),
  },
  {
    id: "grep/names",
    relies: "grep",
    needs,
    title: "-ls prints the files that have a line, and is quiet about unreadable ones",
    check: (bed) =>
      inFolder(bed, async (folder) => {
        await say(bed, `echo ' blacklist  nouveau' > ${folder}/a.conf; echo nouveau > ${folder}/b.conf`);
        const pattern = "'^[[:space:]]*blacklist[[:space:]]\\{1,\\}nouveau'";
        const found = await bed.shell(`grep -ls ${pattern} ${folder}/*.conf ${folder}/none`);
        expect(found).toMatchObject({ stdout: `${folder}/a.conf\n`, stderr: "" });
      }),
  },
  {
    id: "grep/nul",
    relies: "grep",
    needs,
    title: "-zx takes what ends with NUL for a line, and none that holds a line's end",
    check: async (bed) => {
      const given = "printf 'open a\\0x\\nopen b\\nopen c\\0open d'";
      const found = `${given} | grep -zxE --line-buffered 'open [a-z]' | tr '\\000' '|'`;
      expect(await say(bed, found)).toBe("open a|open d|");
    },
  },
  {
    id: "xargs/shared",
    relies: "xargs",
    needs,
    title:
      "-0 -n -P hands all words out to several commands at once, and says by its exit code that one was killed",
    check: async (bed) => {
      const words = "seq 3000 | tr '\\n' '\\000' | xargs -0 -n 750 -P 8";
      expect(await lines(bed, `${words} sh -c 'echo $#' sh`)).toEqual(["750", "750", "750", "750"]);
      const killed = await bed.shell(`${words} sh -c 'kill -9 $$' sh`);
      expect(killed).toMatchObject({ code: 125, stdout: "" });
    },
  },
  {
    id: "gzip/packed-script",
    relies: "gzip",
    needs,
    title: "unpacks what base64 -d makes of one long line, and fails where half of it is missing",
    check: async (bed) => {
      const text = Array.from({ length: 4000 }, (_, n) => `: line ${n}\n`).join("");
      const packed = gzipSync(text).toString("base64");
      expect(await say(bed, `echo ${packed} | base64 -d | gzip -dc | tail -n 1`)).toBe(": line 3999");
      const cut = packed.slice(0, Math.floor(packed.length / 8) * 4);
      expect((await bed.shell(`echo ${cut} | base64 -d | gzip -dc > /dev/null`)).code).toBe(1);
    },
  },
  {
    id: "tr/command-line",
    relies: "tr",
    needs,
    title: "turns NUL, tab and newline into blanks",
    check: async (bed) => {
      expect(await say(bed, "printf 'a\\000b\\tc\\nd' | tr '\\000\\n\\t' '   '")).toBe("a b c d");
    },
  },
  {
    id: "head-tail/ends",
    relies: "tail",
    needs,
    title: "head and tail cut lines, tail -c bytes",
    check: async (bed) => {
      expect(await say(bed, "printf '1\\n2\\n3\\n' | head -n 1; printf '1\\n2\\n3\\n' | tail -n 1")).toBe(
        "1\n3",
      );
      expect(await say(bed, "printf 123456 | tail -c 3")).toBe("456");
    },
  },
  {
    id: "date/utc",
    relies: "date",
    needs,
    title: "prints the time in UTC in a given form",
    check: async (bed) => {
      expect(await say(bed, "date -u +%Y-%m-%dT%H:%M:%SZ")).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    },
  },
  {
    id: "sleep/tenths",
    relies: "sleep",
    needs,
    title: "sleeps for a tenth of a second",
    check: async (bed) => {
      await say(bed, "sleep 0.1");
    },
  },
  {
    id: "timeout/ends",
    relies: "timeout",
    needs,
    title: "ends what takes too long with 124, and passes the exit code of what does not",
    check: async (bed) => {
      expect((await bed.shell("timeout 1 sleep 20")).code).toBe(124);
      expect((await bed.shell("timeout 20 sh -c 'exit 7'")).code).toBe(7);
    },
  },
  {
    id: "uname/kernel",
    relies: "uname",
    needs,
    title: "prints the kernel's release, the architecture and the host's name",
    check: async (bed) => {
      expect(await say(bed, "uname -r")).toMatch(/^\d+\.\d+\.\S+$/);
      expect(await say(bed, "uname -m")).toBe("x86_64");
      expect(await say(bed, "uname -n")).toMatch(/^\S+$/);
    },
  },
];
