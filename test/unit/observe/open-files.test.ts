import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readScript } from "../../../provider/observe/read-script.js";
import { runShell } from "../shell.js";
import { firstNamespace, statLine } from "./proc-files.js";
import { pathWith, type StandIns } from "./stand-in-programs.js";

/** Of a machine on which process 77 has files open: their names, and the device numbers that its kernel tells. */
interface Scene {
  readonly open: readonly string[];
  /** By folder below /sys/class, e.g. `vfio/12`. */
  readonly numbers?: Readonly<Record<string, string>>;
  /** /proc/devices; none where it is `null`. */
  readonly majors?: string | null;
  readonly programs?: StandIns;
  /** What is there of process 1. */
  readonly first?: "fd" | "nothing";
  /** Whether systemd was started in a container. */
  readonly contained?: boolean;
  /** Which namespace of processes process 1 is in; not readable where it is `null`. */
  readonly namespace?: string | null;
  /** How many processes there are beside it, with nothing open. */
  readonly others?: number;
}

/** What the look at its processes says. */
function lookAt({
  open,
  numbers = {},
  majors = "",
  programs,
  first = "fd",
  others = 0,
  contained,
  namespace = firstNamespace,
}: Scene): string[] {
  const root = mkdtempSync(join(tmpdir(), "look-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folders = ["proc/77/fd", ...(first === "fd" ? ["proc/1/fd"] : []), "class/vfio", "class/vfio-dev"];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "proc/77/comm"), "agent\n");
  writeFileSync(join(root, "proc/77/stat"), statLine(77, "agent"));
  if (others > 0) {
    mkdirSync(join(root, "idle/fd"), { recursive: true });
    writeFileSync(join(root, "idle/stat"), statLine(1000, "idle"));
    for (let pid = 1000; pid < 1000 + others; pid++) symlinkSync("../idle", join(root, `proc/${pid}`));
  }
  writeFileSync(join(root, "proc/77/cmdline"), "agent\0");
  if (first === "fd") writeFileSync(join(root, "proc/1/stat"), statLine(1, "init"));
  mkdirSync(join(root, "proc/1/ns"), { recursive: true });
  if (namespace !== null) symlinkSync(namespace, join(root, "proc/1/ns/pid"));
  if (contained) writeFileSync(join(root, "container"), "lxc\n");
  if (majors !== null) writeFileSync(join(root, "proc/devices"), `Character devices:\n${majors}`);
  for (const [index, file] of open.entries()) symlinkSync(file, join(root, `proc/77/fd/${index}`));
  for (const [folder, number] of Object.entries(numbers)) {
    mkdirSync(join(root, "class", folder), { recursive: true });
    writeFileSync(join(root, "class", folder, "dev"), number);
  }
  const script = readScript("observe/look-at-processes.sh")
    .replaceAll("[ -e /run/systemd/container ]", `[ -e ${root}/container ]`)
    .replaceAll("/sys/class/", `${root}/class/`)
    .replaceAll("/proc/", `${root}/proc/`)
    .replaceAll(`${root}/proc/self/`, "/proc/self/");
  const { stdout, stderr } = runShell(
    `${programs === undefined ? "export LC_ALL=C\n" : pathWith(programs)}${script}\nlook_at_processes\nprintf 'of one device\t%s\n' "$device_files"`,
  );
  expect(stderr).toBe("");
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("word\t"));
  const isHeld = lines.some((line) => line.startsWith("holder\t77\t/dev/vfio/devices/"));
  expect(lines.pop()).toBe(`of one device\t${isHeld ? "yes" : ""}`);
  return lines;
}

const vm = "vm\t77";
const holder = (file: string) => `holder\t77\t${file}`;

/** Linux's own number of /dev/full, in place of a device file's that no machine which runs tests has. */
const full = "1:7\n";

describe("a process", () => {
  it.each([
    "/dev/kvm",
    "/dev/kvm (deleted)",
    "anon_inode:kvm-vm",
    "/dev/vboxdrv",
    "/dev/vboxdrvu",
    "/dev/vmmon",
    "/dev/mshv",
  ])("that has %s open is a VM", (file) => {
    expect(lookAt({ open: ["socket:[7]", file] })).toEqual([vm]);
  });

  it.each([
    "/dev/kvmfr0",
    "/home/a/dev/kvm",
    "/dev/kvm\n/dev/kvm",
    "/dev/vhost-net",
    "anon_inode:kvm-vcpu-stats:0",
    "anon_inode:[eventpoll]",
    "/dev/vfio/vfio",
    "/dev/vmmonitor",
  ])("that has %j open is none, and holds nothing", (file) => {
    expect(lookAt({ open: [file, "/dev/full"] })).toEqual([]);
  });

  it.each(["/dev/vfio/12", "/dev/vfio/noiommu-3", "/dev/vfio/devices/vfio3"])("holds %s", (file) => {
    expect(lookAt({ open: [file] })).toEqual([holder(file)]);
    expect(lookAt({ open: [`${file} (deleted)`] })).toEqual([holder(`${file} (deleted)`)]);
  });
});

describe("a file that is open under another name", () => {
  it.each(["kvm", "mshv", "vboxdrv", "vboxdrvu", "vmmon"])("is known by its device number: %s", (name) => {
    expect(lookAt({ open: ["/dev/full"], numbers: { [`misc/${name}`]: full } })).toEqual([vm]);
  });

  it.each([
    ["vfio/12", "/dev/vfio/12"],
    ["vfio/noiommu-3", "/dev/vfio/noiommu-3"],
    ["vfio-dev/vfio3", "/dev/vfio/devices/vfio3"],
  ])("is known by its device number: %s", (name, file) => {
    const numbers = { "misc/kvm": "10:232\n", "vfio/11": "511:11\n", [name]: full, "vfio/13": "511:13\n" };
    expect(lookAt({ open: ["/dev/full", "/etc/passwd"], numbers })).toEqual([holder(file)]);
    expect(lookAt({ open: ["/etc/passwd", "/dev/zero"], numbers })).toEqual([]);
  });

  it("is known by its driver where that is NVIDIA's", () => {
    const majors = "  1 nvidia-frontend\n  5 /dev/tty\n511 nvidia-uvm\n";
    expect(lookAt({ open: ["/dev/full"], majors })).toEqual([
      "client\t77\t/dev/nvidia*",
      "client-of\t77\tagent \t",
    ]);
    expect(lookAt({ open: ["/dev/full"], majors: "  1 mem\n 11 nvidia\n" })).toEqual([]);
  });

  it("is known where stat cannot do without an answer of the file's server", () => {
    const stat = 'for word; do case $word in --cached*) exit 1 ;; esac; done; exec /usr/bin/stat "$@"';
    const scene = { open: ["/dev/full"], numbers: { "vfio/12": full }, programs: { stat } };
    expect(lookAt(scene)).toEqual([holder("/dev/vfio/12")]);
  });
});

describe("a look among thousands of processes", () => {
  it("sees VMs, who holds a VFIO file under whatever name, and who has NVIDIA's driver open, as among few", () => {
    const open = ["anon_inode:kvm-vm", "/dev/vfio/12", "/dev/nvidia0", "/dev/full"];
    const seen = lookAt({ open, numbers: { "vfio/13": full }, others: 2000 });
    const client = ["client\t77\t/dev/nvidia0", "client-of\t77\tagent \t"];
    expect(seen.sort()).toEqual([...client, holder("/dev/vfio/12"), holder("/dev/vfio/13"), vm]);
  });
});

describe("a look at processes that could not finish", () => {
  const unread = (why: string) => [`unread\tprocesses\t${why}`];

  it("says so where the kernel does not tell a number", () => {
    for (const number of ["", "x", "1", "1:", ":7", "1:7:9", "1:-7"]) {
      const [line = ""] = lookAt({ open: ["/dev/full"], numbers: { "vfio/12": number } });
      expect(line, number).toMatch(
        /^unread\tprocesses\ta device number could not be read: \S+\/vfio\/12\/dev$/,
      );
    }
  });

  it("says so in a container, which shows its own processes only", () => {
    const why = (sign: string) =>
      unread(`the login is in a container, which sees no process outside it (${sign})`);
    expect(lookAt({ open: [], contained: true })).toEqual(why("/run/systemd/container"));
    expect(lookAt({ open: [], contained: false })).toEqual([]);
    const namespace = "pid:[4026532177]";
    const [line = ""] = lookAt({ open: [], namespace });
    expect([line.replace(/\(\S+\/proc\//, "(/proc/")]).toEqual(why(`/proc/1/ns/pid is ${namespace}`));
  });

  it("says so where the kernel does not tell whether it is one", () => {
    const why = "whether the login is in a container could not be read: /proc/1/ns/pid";
    const [line = "", ...others] = lookAt({ open: [], namespace: null });
    expect([line.replace(/\/\S+\/proc\//, "/proc/"), ...others]).toEqual(unread(why));
  });

  it("says so where /proc is cut: without process 1, or without its list of drivers", () => {
    expect(lookAt({ open: [], first: "nothing" })).toEqual(unread("/proc does not show process 1"));
    expect(lookAt({ open: [], majors: null })).toEqual([
      expect.stringMatching(/\tprocesses\t\S+\/proc\/devices could not be read$/),
    ]);
  });

  it.each<[string, StandIns]>([
    ["stat ended with 127", { stat: null }],
    ["stat ended with 137", { timeout: "cat > /dev/null; exit 137" }],
    ["stat: cannot statx '/proc/77/fd/0': Stale file handle", { timeout: staleFile("Stale file handle") }],
    ["cut ended with 137", { cut: 'case "$*" in "-z -f 2") kill -9 $$ ;; esac; exec /usr/bin/cut "$@"' }],
    [
      "sed ended with 137",
      { sed: 'case "$*" in *"/proc/self/fd"*) kill -9 $$ ;; esac; exec /usr/bin/sed "$@"' },
    ],
  ])("says so: %s", (why, programs) => {
    const [line = ""] = lookAt({ open: ["/etc/passwd"], programs }).filter((each) =>
      each.startsWith("unread"),
    );
    expect(line.replaceAll(/'\/\S+\/proc\//g, "'/proc/")).toContain(why);
  });

  it.each([
    "No such file or directory",
    "No such process",
    "Permission denied",
    "Transport endpoint is not connected",
  ])("is none where a file ended, or a user's own file system keeps it from root: %s", (why) => {
    expect(lookAt({ open: ["/etc/passwd"], programs: { timeout: staleFile(why) } })).toEqual([]);
  });
});

/** A `timeout stat` that says this of one file. */
function staleFile(why: string): string {
  return `read -r file; echo "stat: cannot statx '\${file%%fd*}fd/0': ${why}" >&2; exit 123`;
}
