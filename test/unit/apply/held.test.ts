import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { statLine } from "../observe/proc-files.js";
import { runShell } from "../shell.js";

/** Asks who uses a device, of a machine on which find does this. */
function heldWhere(find: string): string {
  return runShell(`${hostFunctions()}\nfind() { ${find}; }\nheld /nowhere; printf '%s|%s' "$?" "$why"`)
    .stdout;
}

/** Asks who uses a device whose file has this number, of this machine. */
function heldByNumber(number: string, before = ""): string {
  const root = mkdtempSync(join(tmpdir(), "held-"));
  try {
    mkdirSync(`${root}/device/vfio-dev/vfio3`, { recursive: true });
    writeFileSync(`${root}/device/vfio-dev/vfio3/dev`, `${number}\n`);
    symlinkSync("/nowhere/iommu_groups/12", `${root}/device/iommu_group`);
    return runShell(
      `${hostFunctions()}\nroot=${root}\n${before}\nheld ${root}/device; printf '%s|%s' "$?" "$why"`,
    ).stdout;
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Makes find see nobody: the processes of the machine that runs this test may not all be ours to look at. */
const nobody = "find() { :; }";

/** The number of a device file that hardly anybody has open: Linux's own of /dev/full. */
const fullNumber = "1:7";

interface Process {
  /** What its first thread has open; nothing where that has ended. */
  readonly open?: string;
  /** What its other threads have open, and how many there are. */
  readonly threads?: string;
  readonly others?: number;
  readonly state?: string;
}

/** Asks who uses the device of group 12 and file vfio3, of a machine on which process 77 has this file open. */
function heldWith(process: Process, number = "511:3", before = ""): string {
  const { open, threads, others = 1, state = "S" } = process;
  const root = mkdtempSync(join(tmpdir(), "held-"));
  try {
    const device = join(root, "device");
    const tasks = Array.from(
      { length: threads === undefined ? 0 : others },
      (_, at) => `proc/77/task/${78 + at}`,
    );
    const folders = ["proc/77", "proc/77/task/77", ...tasks];
    for (const folder of folders) mkdirSync(join(root, folder, "fd"), { recursive: true });
    mkdirSync(`${device}/vfio-dev/vfio3`, { recursive: true });
    symlinkSync("/nowhere/iommu_groups/12", join(device, "iommu_group"));
    writeFileSync(`${device}/vfio-dev/vfio3/dev`, `${number}\n`);
    const stat = statLine(77, "a) R (b", { state, threads: folders.length - 1 });
    writeFileSync(join(root, "proc/77/stat"), stat);
    for (const folder of folders) {
      const file = tasks.includes(folder) ? threads : open;
      if (file === undefined) continue;
      symlinkSync(file, join(root, folder, "fd/5"));
      writeFileSync(join(root, folder, "cmdline"), "kvm\0-name\0guest=desk-1,x=y\0");
    }
    const script = hostFunctions().replaceAll("/proc/[0-9]*/", `${root}/proc/[0-9]*/`);
    return runShell(`${script}\n${before}\nheld ${device}; printf '%s|%s' "$?" "$why"`).stdout;
  } finally {
    rmSync(root, { recursive: true });
  }
}

const heldByVm = "0|process 77 (VM desk-1) has it open";

describe("the look for who uses a device, just before its removal", () => {
  it("finds nobody where nobody is, also when processes end meanwhile", () => {
    expect(heldWhere("return 0")).toBe("1|");
    const ended = "find: '/proc/77/fd/3': No such file or directory";
    expect(heldWhere(`echo "${ended}" >&2; echo "find: '/proc/78/fd': No such process" >&2; return 1`)).toBe(
      "1|",
    );
  });

  it.each(["/dev/vfio/12", "/dev/vfio/devices/vfio3"])(
    "finds who has %s open, also when it is gone",
    (file) => {
      for (const open of [file, `${file} (deleted)`]) expect(heldWith({ open })).toBe(heldByVm);
      for (const open of [`${file}3`, `/home/x${file}`, `${file} (deleted)x`])
        expect(heldWith({ open })).toBe("1|");
    },
  );

  it("finds who has it open in a process whose first thread has ended while others live", () => {
    const threads = "/dev/vfio/12";
    expect(heldWith({ threads, state: "Z" })).toBe(heldByVm);
    expect(heldWith({ threads: "/dev/full", state: "Z" }, fullNumber)).toBe(heldByVm);
    expect(heldWith({ threads: "/dev/vfio/13", state: "Z" })).toBe("1|");
    expect(heldWith({ state: "Z" })).toBe("1|");
  });

  it("asks up to eight threads of such a process, and none of one whose first lives", () => {
    const told = `find() { for word; do case $word in */task/*) echo "$word"; esac; done >&2; }`;
    const asked = (process: Process) => heldWith({ threads: "/dev/full", ...process }, "511:3", told);
    expect(asked({ state: "S" })).toBe("1|");
    expect(asked({ state: "Z" })).toMatch(/^0\|who uses it could not be read: \S+\/task\/77\/fd$/);
    expect(asked({ state: "Z", others: 30 })).toMatch(/\/task\/92\/fd$/);
  });

  it("takes a look for such processes that could not finish for a use", () => {
    const before = `${nobody}; grep() { case "$*" in -aHE*) return 137 ;; esac; command grep "$@"; }`;
    expect(heldByNumber("511:1048575", before)).toBe("0|who uses it could not be read: grep ended with 137");
  });

  it("finds who has its file open under another name, by the device number", async () => {
    const holder = spawn("sh", ["-c", "exec 9<> /dev/full; echo; exec sleep 600"]);
    try {
      await once(holder.stdout, "data");
      expect(heldByNumber(fullNumber)).toBe(`0|process ${holder.pid} has it open`);
      const old = 'stat() { case "$*" in *cached*) return 1 ;; esac; }';
      expect(heldByNumber(fullNumber, old)).toBe(`0|process ${holder.pid} has it open`);
      expect(heldByNumber("511:1048575", nobody)).toBe("1|");
    } finally {
      holder.kill("SIGKILL");
    }
  });

  it("takes a group that cannot be read for a use", () => {
    const before = `${nobody}; readlink() { return 127; }`;
    expect(heldByNumber("511:1048575", before)).toMatch(
      /^0\|who uses it could not be read: \S+\/iommu_group$/,
    );
  });

  it("needs no number of a file that the kernel does not make: a device without one is asked for by its group", () => {
    expect(heldByNumber("1:7", `${nobody}; rm "$root"/device/vfio-dev/vfio3/dev`)).toBe("1|");
  });

  it.each(["", "1", "1:", ":7", "1:x", "1:7:9"])("takes a number that is none for a use: %j", (number) => {
    expect(heldByNumber(number)).toMatch(/^0\|who uses it could not be read: \S+\/vfio-dev\/vfio3\/dev$/);
  });

  it.each([
    [
      "echo \"stat: cannot statx '/proc/9/fd/3': Stale file handle\" >&2; return 123",
      "stat: cannot statx '/proc/9/fd/3': Stale file handle",
    ],
    ["return 137", "stat ended with 137"],
    ["return 127", "stat ended with 127"],
  ])("takes a look for numbers that could not finish for a use: %s", (xargs, told) => {
    const before = `${nobody}; timeout() { cat > /dev/null; ${xargs}; }`;
    expect(heldByNumber("511:1048575", before)).toBe(`0|who uses it could not be read: ${told}`);
  });

  it.each([
    "No such file or directory",
    "No such process",
    "Permission denied",
    "Transport endpoint is not connected",
  ])("takes no file for a device that ended, or that a user's own file system keeps from root: %s", (why) => {
    const before = `${nobody}; timeout() { cat > /dev/null; echo "stat: cannot statx '/proc/9/fd/3': ${why}" >&2; return 123; }`;
    expect(heldByNumber("511:1048575", before)).toBe("1|");
  });

  it.each([
    ["echo \"find: '/proc/9/fd': Permission denied\" >&2; return 1", "find: '/proc/9/fd': Permission denied"],
    ["echo 'find: unrecognized: -lname' >&2; return 1", "find: unrecognized: -lname"],
    ["return 127", "find ended with 127"],
    ["return 137", "find ended with 137"],
  ])("takes a look that could not finish for a use: %s", (find, told) => {
    expect(heldWhere(find)).toBe(`0|who uses it could not be read: ${told}`);
  });
});
