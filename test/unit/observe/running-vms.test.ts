import { describe, expect, it } from "vitest";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { holdersByFile, parseRunningVms } from "../../../provider/observe/parse-holders.js";
import { parseUnread } from "../../../provider/observe/parse-unread.js";

/** The words of a command line as the look prints them: the program, then options with what follows them. */
function wordsOf(pid: number, program: string, ...options: readonly string[]): string[] {
  const words = options.map((word, index) => `word\t${pid}\t${index % 2 === 0 ? ":" : "-"}\t${word}`);
  return [`word\t${pid}\tprogram\t${program}`, ...words];
}

function factsOf(lines: readonly string[]) {
  return parseFactLines([...lines, "end\thost", ""].join("\n"), "host", "x");
}

describe("a running VM", () => {
  it.each<[string, string[], string]>([
    ["/usr/bin/qemu-system-x86_64", ["-name", "guest=desk-1,debug-threads=on"], "desk-1"],
    ["/usr/bin/kvm", ["-id", "109", "-name", "vm-name,debug-threads=on"], "vm-name"],
    ["/usr/bin/kvm", ["-id", "109"], "VM 109"],
    ["/usr/libexec/qemu-kvm", ["-name", "debug-threads=on,guest=render"], "render"],
    ["/usr/bin/qemu-system-x86_64", ["-name", "guest=a,,b,,,process=x"], "a,b,"],
    ["/usr/bin/qemu-system-x86_64", ["-name", "the desk of guest=x"], "the desk of guest=x"],
    ["/usr/bin/qemu-system-x86_64", ["-name", "process=x"], "process=x"],
    ["/nix/store/x-qemu/bin/.qemu-system-x86_64-wrapped", [], ".qemu-system-x86_64-wrapped"],
    ["/usr/bin/cloud-hypervisor", ["--api-socket", "path=/run/web.sock"], "cloud-hypervisor (/run/web.sock)"],
    ["/usr/bin/firecracker", ["--id", "web", "--api-sock", "/run/web.sock"], "web"],
    ["/usr/lib/virtualbox/VBoxHeadless", ["--comment", "old desk", "--startvm", "8c1"], "old desk"],
    ["/usr/bin/firecracker", ["--api-sock", "/run/path=web.sock"], "firecracker (/run/path=web.sock)"],
    ["/usr/bin/kvm", ["-name", "", "-id", "109"], "VM 109"],
    ["/usr/bin/kvm", ["--name", "guest=desk-2"], "desk-2"],
    ["/usr/bin/kvm", ["-names", "x", "--ids", "y"], "kvm"],
    ["", [], "an unnamed process"],
  ])("of %s %j is called %3$s", (program, options, name) => {
    expect(parseRunningVms(factsOf(["vm\t7", ...wordsOf(7, program, ...options)]))).toEqual([name]);
  });

  it("is called after an option and its value in one word", () => {
    const word = "word\t7\t:\t--api-socket=/run/web.sock";
    expect(parseRunningVms(factsOf(["vm\t7", "word\t7\tprogram\tcrosvm", word]))).toEqual([
      "crosvm (/run/web.sock)",
    ]);
  });

  it("has no name of its program where that was not said", () => {
    const word = "word\t7\t:\t--api-socket=/run/web.sock";
    expect(parseRunningVms(factsOf(["vm\t7", "vm\t8", word]))).toEqual([
      "an unnamed process",
      "an unnamed process (/run/web.sock)",
    ]);
  });

  it("is not called after an option that no value follows", () => {
    const words = ["word\t7\tprogram\tkvm", "word\t7\t:\t--ids", "word\t7\t:\t-name"];
    expect(parseRunningVms(factsOf(["vm\t7", ...words]))).toEqual(["kvm"]);
  });

  it("is called after VMware's file of it", () => {
    const words = ["word\t7\tprogram\tvmware-vmx", "word\t7\t:\t/home/a/vm=s/old desk.vmx"];
    expect(parseRunningVms(factsOf(["vm\t7", ...words]))).toEqual(["old desk"]);
  });

  it("is named once, in the order of the names, whatever the words of other processes are", () => {
    const lines = [
      "vm\t9",
      "vm\t7",
      "vm\t8",
      ...wordsOf(7, "kvm", "-name", "b"),
      ...wordsOf(8, "kvm", "-name", "a"),
    ];
    expect(parseRunningVms(factsOf([...lines, ...wordsOf(9, "kvm", "-name", "b")]))).toEqual(["a", "b"]);
  });
});

describe("who has a VFIO file open", () => {
  it("is found by the group's file though that is no longer there", () => {
    const lines = factsOf(["holder\t7\t/dev/vfio/12 (deleted)", ...wordsOf(7, "kvm", "-name", "a")]);
    expect(holdersByFile(lines)).toEqual(new Map([["/dev/vfio/12", [{ pid: 7, domainName: "a" }]]]));
  });

  it("is everybody who has it open, each once", () => {
    const open = [7, 8, 7].map((pid) => `holder\t${pid}\t/dev/vfio/12`);
    const lines = factsOf([...open, ...wordsOf(7, "kvm", "-name", "a"), ...wordsOf(8, "kvm", "-name", "b")]);
    expect(holdersByFile(lines).get("/dev/vfio/12")).toEqual([
      { pid: 7, domainName: "a" },
      { pid: 8, domainName: "b" },
    ]);
  });

  it("is found by the device behind a file of newer kernels, and by the file where no device is said", () => {
    const device = "vfio-device\t/sys/devices/pci0000:00/0000:3b:00.4/vfio-dev/vfio3";
    const open = ["vfio3", "vfio4"].map((name) => `holder\t7\t/dev/vfio/devices/${name}`);
    expect([...holdersByFile(factsOf([device, ...open])).keys()]).toEqual([
      "0000:3b:00.4",
      "/dev/vfio/devices/vfio4",
    ]);
  });
});

describe("a look that could not finish", () => {
  it("is known, with why", () => {
    expect(parseUnread(factsOf(["unread\tprocesses\tfind: Permission denied", "unread\tother\tx"]))).toEqual([
      { part: "processes", saw: "find: Permission denied" },
    ]);
  });
});
