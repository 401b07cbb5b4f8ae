import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readScript } from "../../../provider/observe/read-script.js";
import { SmallMachine } from "../small-machine.js";
import { firstNamespace, statLine } from "./proc-files.js";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  mkdirSync(machine.at("proc/1/fd"), { recursive: true });
  machine.write("proc/devices", "Character devices:\n  1 mem\n");
  symlinkSync("/proc/self", machine.at("proc/self"));
  mkdirSync(machine.at("proc/1/ns"));
  symlinkSync(firstNamespace, machine.at("proc/1/ns/pid"));
  running(1, { comm: "systemd", words: ["/sbin/init"] });
});
afterEach(() => machine.remove());

interface Process {
  readonly comm: string;
  readonly open?: readonly string[];
  readonly words?: readonly string[];
  readonly cgroup?: string;
  /** Threads that live on though the first has ended, by their ID: what each has open. */
  readonly threads?: Readonly<Record<number, readonly string[]>>;
  /** The state of its first thread. */
  readonly state?: string;
}
/** Puts a process into the machine's /proc. */
function running(pid: number, process: Process): void {
  const { comm, open = [], words = [comm], cgroup = "/x.service", threads = {}, state = "S" } = process;
  machine.write(`proc/${pid}/comm`, `${comm}\n`);
  machine.write(`proc/${pid}/stat`, statLine(pid, comm, { state, threads: 1 + Object.keys(threads).length }));
  machine.write(`proc/${pid}/cgroup`, `0::${cgroup}\n`);
  const folders = { [pid]: open, ...threads };
  for (const [thread, files] of [["", open] as const, ...Object.entries(folders)]) {
    const folder = thread === "" ? `proc/${pid}` : `proc/${pid}/task/${thread}`;
    const ended = state === "Z" && (thread === "" || thread === String(pid));
    mkdirSync(machine.at(`${folder}/fd`), { recursive: true });
    machine.write(`${folder}/cmdline`, ended ? "" : words.map((word) => `${word}\0`).join(""));
    for (const [at, file] of files.entries()) symlinkSync(file, machine.at(`${folder}/fd/${at}`));
  }
}
/** What the look prints. */
function look(after = ""): string[] {
  const text = readScript("observe/look-at-processes.sh")
    .replaceAll("/proc/", `${machine.root}/proc/`)
    .replaceAll("/sys/", `${machine.root}/sys/`);
  const { stdout } = machine.shell(`${text}\nlook_at_processes\n${after}`);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\t", " "));
}

describe("the look at processes", () => {
  it("sees nothing where no VM runs and nobody has anything open", () => {
    running(7, { comm: "bash", open: ["/dev/null", "/home/x/dev/kvm", "socket:[1]"] });
    expect(look()).toEqual([]);
  });

  it.each([
    ["/dev/kvm", "worker"],
    ["anon_inode:kvm-vm", "worker"],
    ["/dev/null", "kvm"],
    ["/dev/null", "qemu-system-x86"],
    ["/dev/null", ".qemu-system-x8"],
    ["/dev/null", "qemu-kvm"],
  ])("sees a VM by what it has open or is called: %s, %s", (file, comm) => {
    running(7, { comm, open: [file, file], words: ["/opt/vmm"] });
    expect(look()).toEqual(["vm 7", "word 7 program /opt/vmm"]);
  });

  it("takes no program for a VM that is only called like one", () => {
    for (const [at, comm] of ["kvmtool", "qemu-img", "kvm-irqfd", "xkvm"].entries())
      running(7 + at, { comm });
    expect(look()).toEqual([]);
  });

  it("sees a VM whose first thread has ended while others live, what it holds, and what it is called", () => {
    const open = ["/dev/null", "/dev/kvm", "/dev/vfio/12"];
    const words = ["/usr/bin/kvm", "-name", "desk-1"];
    running(7, { comm: "a) R (b", state: "Z", words, threads: { 18: open, 19: open } });
    running(8, { comm: "qemu-kvm", state: "Z", words: ["/usr/bin/nix"], threads: { 20: ["/dev/null"] } });
    const seen = look('echo "vms:$vms unread:$unread"');
    expect([...new Set(seen)].sort()).toEqual([
      "holder 7 /dev/vfio/12",
      "vm 7",
      "vm 8",
      expect.stringMatching(/^vms:( 7 8| 8 7) unread:$/),
      "word 7 - desk-1",
      "word 7 : -name",
      "word 7 program /usr/bin/kvm",
    ]);
  });

  it("asks up to eight threads of such a process, and none of one that has ended whole or whose first lives", () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [1000 + at, ["/dev/kvm"]]));
    running(7, { comm: "worker", state: "Z", threads: many });
    running(8, { comm: "worker", threads: { 20: ["/dev/kvm"] } });
    running(9, { comm: "qemu-kvm", state: "Z" });
    running(10, { comm: "qemu-kvm", threads: { 21: ["/dev/kvm"] } });
    machine.program("find", 'exec /usr/bin/find "$@"');
    const seen = look().filter((line) => line.startsWith("vm"));
    expect([...new Set(seen)].sort()).toEqual(["vm 10", "vm 7"]);
    const asked = machine
      .calls()
      .join(" ")
      .match(/\/task\/\d+\/fd/g);
    expect(asked?.length).toBe(8);
  });

  it("tells the words that name a VM, each cut, and nothing that would be a line of its own", () => {
    running(7, {
      comm: "kvm",
      words: ["/usr/bin/kvm", "-id", "109", "-name", `guest=a\n\tb${"x".repeat(400)}`, "-m", "9"],
    });
    expect(look()).toEqual([
      "vm 7",
      "word 7 program /usr/bin/kvm",
      "word 7 : -id",
      "word 7 - 109",
      "word 7 : -name",
      expect.stringMatching(/^word 7 - guest=a {2}bx{200,300}$/),
    ]);
  });

  it("tells who has a VFIO file open, and the file that all of them have is none", () => {
    running(7, { comm: "a", open: ["/dev/vfio/vfio", "/dev/vfio/12", "/dev/vfio/devices/vfio3 (deleted)"] });
    running(8, { comm: "b", open: ["/dev/vfio/vfio"] });
    expect(look().sort()).toEqual([
      "holder 7 /dev/vfio/12",
      "holder 7 /dev/vfio/devices/vfio3 (deleted)",
      "word 7 program a",
    ]);
  });

  it("tells who has NVIDIA's driver open, each once with its name and control group, and takes none for a VM", () => {
    const open = ["/dev/nvidiactl", "/dev/nvidia0"];
    running(7, { comm: "dcgm\tx", open, cgroup: "/system.slice/dcgm.service" });
    running(8, { comm: "gone", open: ["/dev/nvidia0"] });
    rmSync(machine.at("proc/8/cgroup"));
    expect(look().sort()).toEqual([
      "client 7 /dev/nvidia0",
      "client 7 /dev/nvidiactl",
      "client 8 /dev/nvidia0",
      "client-of 7 dcgm x  /system.slice/dcgm.service ",
      "client-of 8 gone  ",
    ]);
  });

  it.each([["-machine"], ["-M"]])(
    "leaves out a QEMU without a machine, which libvirt asks what it can do: %s",
    (option) => {
      running(7, { comm: "qemu-system-x86", words: ["/usr/bin/qemu", option, "none,accel=kvm"] });
      running(8, { comm: "qemu-system-x86", words: ["/usr/bin/qemu", option, "none"] });
      running(9, { comm: "qemu-system-x86", words: ["/usr/bin/qemu", option, "pc", "-name", "none"] });
      const seen = look('echo "vms:$vms unread:$unread"');
      expect(seen.filter((line) => line.startsWith("vm"))).toEqual(["vm 9", "vms: 9 unread:"]);
    },
  );

  it("could not finish where the machine hides its processes, or the list was cut, and says so", () => {
    rmSync(machine.at("proc/1/fd"), { recursive: true });
    expect(look()).toEqual(["unread processes /proc does not show process 1"]);
    mkdirSync(machine.at("proc/1/fd"));
    machine.program("head", '[ "$*" = "-n 20000" ] || exec /usr/bin/head "$@"; exec /usr/bin/head -n 1');
    expect(look('[ -z "$unread" ] || echo refused')).toEqual([
      "unread processes the list of open files was cut",
      "refused",
    ]);
  });

  it("asks no server of files for what is open, where stat can do without", () => {
    const stats = () => machine.calls().filter((call) => call.startsWith("stat -L"));
    running(7, { comm: "a", open: [machine.at("etc")] });
    machine.program("stat", 'exec /usr/bin/stat "$@"');
    expect(look()).toEqual([]);
    expect(stats()).toEqual([expect.stringContaining(" --cached=always ")]);
    machine.program("stat", 'case $* in *--cached*) exit 1 ;; esac; exec /usr/bin/stat "$@"');
    rmSync(machine.at("calls"));
    expect(look()).toEqual([]);
    expect(stats()).toEqual([expect.not.stringContaining("--cached")]);
  });

  it("could not finish where one process's files cannot be read, and not where a process has ended", () => {
    const says = (why: string) =>
      machine.program("find", `echo "find: '${machine.root}/proc/7/fd': ${why}" >&2; exit 1`);
    says("No such file or directory");
    expect(look()).toEqual([]);
    says("Permission denied");
    expect(look()).toEqual(["unread processes find: '/proc/7/fd': Permission denied"]);
  });
});
