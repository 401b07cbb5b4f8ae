// What the distribution's package manager says of NVIDIA's packages.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { anyMachine } from "../look.js";

const form = "'${db:Status-Abbrev}\\t${Package}\\n'";
const ours = "'*nvidia*' 'cuda-drivers*'";

/** What looking for a distribution's driver relies on. */
export const packageContracts: readonly Contract[] = [
  {
    id: "dpkg-query/installed",
    relies: "dpkg-query",
    needs: anyMachine,
    on: ({ distribution }) => distribution === "deb",
    title: "marks an installed package by ii, by name or by a pattern",
    check: async (bed) => {
      const name = bed.facts.installedPackage;
      const { code, stdout } = await bed.shell(`dpkg-query -W -f ${form} '${name}' '${name.slice(0, -1)}*'`);
      expect({ code, found: stdout.split("\n").includes(`ii \t${name}`) }).toEqual({ code: 0, found: true });
    },
  },
  {
    id: "dpkg-query/none",
    relies: "dpkg-query",
    needs: anyMachine,
    on: ({ distribution }) => distribution === "deb",
    title: "marks nothing of NVIDIA by ii where no driver of the distribution is installed",
    check: async (bed) => {
      const { stdout } = await bed.shell(`dpkg-query -W -f ${form} ${ours} 2> /dev/null`);
      expect(stdout.split("\n").filter((line) => line.startsWith("ii"))).toEqual([]);
    },
  },
  {
    id: "dpkg-query/unknown",
    relies: "dpkg-query",
    needs: anyMachine,
    on: ({ distribution }) => distribution === "deb",
    title: "exits 1 for a name that nobody knows, and prints nothing for it",
    check: async (bed) => {
      const result = await bed.shell(`dpkg-query -W -f ${form} 'no-such-package*'`);
      const stderr = "dpkg-query: no packages found matching no-such-package*\n";
      expect(result).toEqual({ code: 1, stdout: "", stderr });
    },
  },
  {
    id: "dpkg-query/files",
    relies: "dpkg-query",
    needs: anyMachine,
    on: ({ distribution }) => distribution === "deb",
    title: "-L prints the paths in a package, a line each, and -S whose a path is",
    check: async (bed) => {
      const name = bed.facts.installedPackage;
      const { stdout } = await bed.shell(`dpkg-query -L ${name}`);
      // A file in its folder, or where the folder is a link to another package's, that link.
      const path = stdout.split("\n").findLast((line) => line.startsWith(`/usr/share/doc/${name}`));
      expect(path).toBeDefined();
      expect((await bed.shell(`dpkg-query -S ${path}`)).stdout).toBe(`${name}: ${path}\n`);
      expect((await bed.shell("dpkg-query -S /nowhere/at-all 2> /dev/null")).stdout).toBe("");
    },
  },
  {
    id: "rpm/files",
    relies: "rpm",
    needs: anyMachine,
    on: ({ distribution }) => distribution === "rpm",
    title:
      "-ql prints the paths in a package, a line each, and -qf whose a path is, failing where it is nobody's",
    check: async (bed) => {
      const name = bed.facts.installedPackage;
      const path = (await bed.shell(`rpm -ql ${name}`)).stdout.split("\n")[0] ?? "";
      expect(path).toMatch(/^\//);
      expect((await bed.shell(`rpm -qf --qf '%{NAME}\\n' ${path}`)).stdout).toBe(`${name}\n`);
      expect((await bed.shell("rpm -qf --qf '%{NAME}\\n' /nowhere/at-all")).code).not.toBe(0);
    },
  },
  {
    id: "rpm/names",
    relies: "rpm",
    needs: anyMachine,
    on: ({ distribution }) => distribution === "rpm",
    title: "-qa prints the names of installed packages that a pattern fits, and nothing for none",
    check: async (bed) => {
      const name = bed.facts.installedPackage;
      const found = await bed.shell(`rpm -qa --qf '%{NAME}\\n' '${name.slice(0, -1)}*' 'nvidia-driver*'`);
      expect(found).toEqual({ code: 0, stdout: `${name}\n`, stderr: "" });
    },
  },
];
