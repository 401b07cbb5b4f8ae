// What the kernel and the distribution say in files: /proc, /etc/os-release, /lib/modules.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { anyMachine, say } from "../look.js";

const needs = anyMachine;

/** What our scripts rely on from files of the kernel and the distribution. */
export const procContracts: readonly Contract[] = [
  {
    id: "proc/boot-id",
    relies: "/proc/sys/kernel/random/boot_id",
    needs,
    title: "is a UUID that stays the same while the machine is up",
    check: async (bed) => {
      const id = await say(bed, "cat /proc/sys/kernel/random/boot_id");
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(await say(bed, "cat /proc/sys/kernel/random/boot_id")).toBe(id);
    },
  },
  {
    id: "proc/mounts",
    relies: "/proc/self/mounts",
    needs,
    title: "has the mount options of the file system that df -P names for a folder",
    check: async (bed) => {
      await say(bed, "mkdir /run/contract-ro && mount -t tmpfs -o ro,noexec tmpfs /run/contract-ro");
      try {
        const [, seen = ""] = (await say(bed, "df -P -k /run/contract-ro")).split("\n");
        expect(seen).toMatch(/^\S+ +\d+ +\d+ +\d+ +\S+ +\/run\/contract-ro$/);
        const mount = await say(bed, "grep ' /run/contract-ro ' /proc/self/mounts");
        expect(mount.split(" ")[3]?.split(",")).toEqual(expect.arrayContaining(["ro", "noexec"]));
      } finally {
        await say(bed, "umount /run/contract-ro; rmdir /run/contract-ro");
      }
    },
  },
  {
    id: "systemd/has-started-it",
    relies: "/run/systemd/system",
    needs,
    title: "is a folder where systemd has started the machine",
    check: async (bed) => {
      expect(await say(bed, "ls -d /run/systemd/system")).toBe("/run/systemd/system");
    },
  },
  {
    id: "proc/cmdline",
    relies: "/proc/cmdline",
    needs,
    title: "is one line",
    check: async (bed) => {
      expect(await say(bed, "cat /proc/cmdline")).toMatch(/^\S.*$/);
    },
  },
  {
    id: "proc/a-process",
    relies: "/proc/<pid>/cmdline",
    needs,
    title:
      "a process shows its name in comm, its arguments in cmdline, ended by NULs, and its open files in fd",
    check: async (bed) => {
      const line = `exec 6< /etc/passwd; cat /proc/$$/comm; tr '\\000\\n\\t' '   ' < /proc/$$/cmdline; echo; readlink /proc/$$/fd/6`;
      const [name, text, file] = (await say(bed, `sh -c '${line.replaceAll("'", `'"'"'`)}' 'a name'`)).split(
        "\n",
      );
      expect(name).toMatch(/^(sh|dash|bash)$/);
      expect(text).toMatch(/ a name ?$/);
      expect(file).toBe("/etc/passwd");
    },
  },
  {
    id: "proc/first-namespace",
    relies: "/proc/1/ns/pid",
    needs,
    title: "is the kernel's first namespace of processes on a machine that is no container",
    check: async (bed) => {
      expect(await say(bed, "readlink /proc/1/ns/pid")).toBe("pid:[4026531836]");
    },
  },
  {
    id: "proc/ended-first-thread",
    relies: "/proc/<pid>/task/*/",
    needs,
    on: ({ column }) => column === "simulated",
    title:
      "a process whose first thread has ended is a zombie with threads, which alone show what it has open",
    check: async (bed) => {
      const program = `open(my $f, "<", "/etc/passwd"); threads->create(sub { sleep 60 })->detach; syscall(60, 0);`;
      const line = `perl -Mthreads -e '${program}' -- a-word > /dev/null 2>&1 < /dev/null & pid=$!
until grep -qaE '[)] Z (-?[0-9]+ ){16}([2-9]|[1-9][0-9]+) ' /proc/$pid/stat; do kill -0 $pid && sleep 0.01 || exit 1; done
ls /proc/$pid/fd | wc -l; wc -c < /proc/$pid/cmdline
find /proc/$pid/task/*/fd -lname /etc/passwd | wc -l; cat /proc/$pid/task/*/cmdline | tr '\\000' ' '
kill -9 $pid`;
      const [open, words, seen, command] = (await say(bed, line)).split("\n");
      expect([open, words, seen]).toEqual(["0", "0", "1"]);
      expect(command).toMatch(/^perl .* a-word $/);
    },
  },
  {
    id: "proc/control-group",
    relies: "/proc/<pid>/cgroup",
    needs,
    on: ({ column }) => column !== "simulated",
    title: "the control group of a service's process ends with its unit, behind slices alone",
    check: async (bed) => {
      const pid = await say(bed, "systemctl show -p MainPID --value systemd-journald.service");
      const group = await say(
        bed,
        `sed -n -e 's,^0::,,p' -e 's,^[0-9]*:name=systemd:,,p' /proc/${pid}/cgroup`,
      );
      expect(group).toMatch(/^(\/[^/]+\.slice)*\/systemd-journald\.service$/);
    },
  },
  {
    id: "proc/uptime",
    relies: "/proc/uptime",
    needs,
    title: "begins with the seconds since the boot, which grow",
    check: async (bed) => {
      const [first, second] = (await say(bed, "cat /proc/uptime; sleep 1; cat /proc/uptime")).split("\n");
      expect(first).toMatch(/^\d+\.\d+ /);
      expect(Number.parseFloat(second ?? "")).toBeGreaterThan(Number.parseFloat(first ?? ""));
    },
  },
  {
    id: "etc/machine-id",
    relies: "/etc/machine-id",
    needs,
    title: "is 32 hexadecimal digits",
    check: async (bed) => {
      expect(await say(bed, "cat /etc/machine-id")).toMatch(/^[0-9a-f]{32}$/);
    },
  },
  {
    id: "etc/os-release",
    relies: "/etc/os-release",
    needs,
    title: "has one line PRETTY_NAME",
    check: async (bed) => {
      expect(await say(bed, "grep ^PRETTY_NAME= /etc/os-release")).toMatch(/^PRETTY_NAME="?[\w(][^"]*"?$/);
    },
  },
  {
    id: "modules/build",
    relies: "/lib/modules/<kernel>/build",
    needs: ["bare host", "bare guest"],
    title: "leads to the headers of the running kernel where they are installed",
    check: async (bed) => {
      await say(bed, '[ -e "/lib/modules/$(uname -r)/build" ] && [ -d "/lib/modules/$(uname -r)/build/." ]');
    },
  },
  {
    id: "firmware/efi",
    relies: "/sys/firmware/efi",
    needs,
    title: "is not there on a machine that was started by a BIOS",
    check: async (bed) => {
      expect((await bed.shell("[ -d /sys/firmware/efi ]")).code).toBe(1);
    },
  },
];
