import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readScript } from "../../../provider/observe/read-script.js";
import { SmallMachine } from "../small-machine.js";

const lacking = ["mokutil", "dkms", "mdevctl", "nvidia-smi", "nvidia-uninstall", "dracut", "openssl"];

/** Says this of each unit that it is asked for. */
const blocks = (text: string) => `for unit; do case $unit in *.service) printf '${text}\\n\\n' ;; esac; done`;

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", lacking);
  machine.program("uname", "case $1 in -r) echo 1.2.3 ;; -n) echo gpu-01 ;; *) echo x86_64 ;; esac");
  machine.program("modinfo", 'echo "modinfo: ERROR: Module nvidia not found." >&2; exit 1');
  machine.program("systemctl", blocks("LoadState=loaded\\nActiveState=active"));
});
afterEach(() => machine.remove());

/** The facts of these tags, as observe/machine.sh prints them. */
function facts(...tags: string[]): string[] {
  const text = `services='a.service b.service'\nlook_at_processes() { :; }\n${readScript("observe/machine.sh")}look_at_manifest\n`;
  const { stdout } = machine.shell(text);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines
    .filter((line) => tags.includes(line.split("\t")[0] ?? ""))
    .map((line) => line.replaceAll("\t", " "));
}

describe("what any machine says of itself", () => {
  it("is its id, its names, its kernel and its system", () => {
    machine.write("etc/machine-id", "0123\n");
    machine.write("etc/os-release", 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n');
    expect(facts("machine-id", "hostname", "kernel", "architecture", "os")).toEqual([
      "machine-id 0123",
      "hostname gpu-01",
      "kernel 1.2.3",
      "architecture x86_64",
      'os "Debian GNU/Linux 12"',
    ]);
  });

  it("is whether Secure Boot is on, as mokutil says where there is firmware for it", () => {
    expect(facts("secure-boot")).toEqual(["secure-boot disabled"]);
    mkdirSync(machine.at("sys/firmware/efi"), { recursive: true });
    expect(facts("secure-boot")).toEqual(["secure-boot unknown"]);
    machine.program("mokutil", "echo SecureBoot enabled");
    expect(facts("secure-boot")).toEqual(["secure-boot SecureBoot enabled "]);
  });

  it("is which programs and headers it has", () => {
    const found = () => facts("tool", "headers").filter((line) => /mdevctl|dkms|sriov|headers/.test(line));
    expect(found()).toEqual([]);
    machine.program("mdevctl", "");
    machine.write("usr/lib/nvidia/sriov-manage", "", 0o755);
    mkdirSync(machine.at("lib/modules/1.2.3/build"), { recursive: true });
    expect(found()).toEqual(["tool mdevctl", "tool sriov-manage", "headers yes"]);
  });

  it("is what each service does", () => {
    expect(facts("service")).toEqual([
      "service a.service LoadState loaded",
      "service a.service ActiveState active",
      "service b.service LoadState loaded",
      "service b.service ActiveState active",
    ]);
    expect(machine.calls().filter((call) => call.startsWith("systemctl"))).toHaveLength(1);
  });

  it("is of no service known where systemctl fails, or answers for fewer or more than it was asked for", () => {
    machine.program("systemctl", "exit 4");
    expect(facts("service", "unread")).toEqual(["unread services systemctl ended with 4"]);
    const number =
      "unread services systemctl show answers for another number of units than: a.service b.service";
    for (const count of [1, 3]) {
      machine.program(
        "systemctl",
        `for n in ${[1, 2, 3].slice(0, count).join(" ")}; do printf 'LoadState=loaded\\n\\n'; done`,
      );
      expect(facts("unread")).toEqual([number]);
    }
  });
});

describe("nouveau", () => {
  const blocked = () => facts("nouveau-blocked");

  it("is loaded where the kernel has its module", () => {
    expect(facts("nouveau-loaded")).toEqual([]);
    mkdirSync(machine.at("sys/module/nouveau"));
    expect(facts("nouveau-loaded")).toEqual(["nouveau-loaded yes"]);
  });

  it.each([
    ["blacklist nouveau", true],
    ["  blacklist \t nouveau  ", true],
    ["install nouveau /bin/false", true],
    ["install nouveau /usr/bin/true", true],
    ["# blacklist nouveau", false],
    ["blacklist nouveau_other", false],
    ["install nouveau /bin/sh", false],
  ])("is kept from loading by a line: %j, %s", (line, is) => {
    machine.write("etc/modprobe.d/a.conf", `options x\n${line}\n`);
    expect(blocked()).toEqual(is ? ["nouveau-blocked /etc/modprobe.d/a.conf"] : []);
  });

  it("is not kept from loading by a file that one of its name in an earlier folder replaces", () => {
    machine.write("usr/lib/modprobe.d/a.conf", "blacklist nouveau\n");
    machine.write("usr/lib/modprobe.d/b.conf", "blacklist nouveau\n");
    machine.write("lib/modprobe.d/b.conf", "blacklist nouveau\n");
    machine.write("etc/modprobe.d/a.conf", "");
    mkdirSync(machine.at("etc/modprobe.d/c.conf"));
    expect(blocked()).toEqual(["nouveau-blocked /usr/lib/modprobe.d/b.conf"]);
  });
});

describe("the driver", () => {
  const driver = () =>
    facts(
      "installed-driver",
      "loaded-driver",
      "other-kernel-driver",
      "dkms",
      "dkms-driver",
      "dkms-built",
      "unread",
    );

  it("is not there where modinfo says so", () => {
    expect(driver()).toEqual([]);
  });

  it("is loaded and on disk with their versions, without what DKMS's folders make modinfo say", () => {
    machine.write("sys/module/nvidia/version", "550.1\n");
    machine.program("modinfo", "echo 'modinfo: x'; echo 550.2");
    expect(driver()).toEqual(["loaded-driver 550.1", "installed-driver 550.2"]);
  });

  it("is unknown where modinfo could not tell", () => {
    machine.program("modinfo", "echo 'modinfo: Input/output error' >&2; exit 1");
    expect(driver()).toEqual(["unread driver modinfo: Input/output error"]);
  });

  it("of another kernel is told, and not that of this one again", () => {
    for (const kernel of ["1.2.3", "1.2.4", "1.2.5"])
      mkdirSync(machine.at(`lib/modules/${kernel}`), { recursive: true });
    machine.program(
      "modinfo",
      'case $* in *1.2.3*|*1.2.5*) echo 9 ;; "-k 1.2.4"*) ;; *) echo not found >&2; exit 1 ;; esac',
    );
    expect(driver()).toEqual(["other-kernel-driver 1.2.5 9"]);
  });

  it("that DKMS has is told, whether it was built, and what DKMS says where no module is there", () => {
    machine.program(
      "dkms",
      "echo nvidia/550.1: added; echo nvidia, 550.2: x; echo nvidia-fs/1: installed; echo zfs/2: installed",
    );
    expect(driver()).toEqual([]);
    mkdirSync(machine.at("var/lib/dkms/nvidia/550.1/source"), { recursive: true });
    mkdirSync(machine.at("var/lib/dkms/nvidia/550.2/1.2.3/x86_64/module"), { recursive: true });
    mkdirSync(machine.at("var/lib/dkms/nvidia/550.3/source"), { recursive: true });
    mkdirSync(machine.at("var/lib/dkms/nvidia/550.3/1.2.3/x86_64/module"), { recursive: true });
    const known = ["dkms-driver 550.1", "dkms-driver 550.3", "dkms-built 550.3"];
    expect(driver()).toEqual([...known, "dkms nvidia/550.1: added", "dkms nvidia, 550.2: x"]);
    machine.program("modinfo", "echo 550.3");
    expect(driver()).toEqual([...known, "installed-driver 550.3"]);
  });

  it("is not waited for long, of whoever does not answer", () => {
    machine.program("timeout", 'case $1 in 20 | 30) echo late; exit 124 ;; *) shift; exec "$@" ;; esac');
    mkdirSync(machine.at("var/lib/dkms/nvidia"), { recursive: true });
    machine.program("dkms", "");
    expect(facts("unread")).toEqual([
      "unread driver dkms status has not answered within 20 s",
      "unread services late",
    ]);
  });
});

describe("the records", () => {
  it("are told line by line, and nothing where there are none", () => {
    expect(facts("manifest", "unread", "bent-record")).toEqual([]);
    machine.write("etc/pulumi-vgpu/host", "owner=a\nnouveau=absent\n");
    expect(facts("manifest", "unread")).toEqual(["manifest host:owner=a", "manifest host:nouveau=absent"]);
  });

  it("are unknown where their folder is a link to nowhere", () => {
    symlinkSync("/no/such", machine.at("etc/pulumi-vgpu"));
    expect(facts("unread")[0]).toMatch(/^unread manifest not a small file: \/etc\/pulumi-vgpu \(l, /);
  });

  it("are unknown where one cannot be read", () => {
    machine.write("etc/pulumi-vgpu/host", "owner=a\n");
    machine.program(
      "grep",
      'case $* in "-r -a -H"*) echo "grep: /etc/x: Input/output error" >&2; exit 2 ;; esac; exec /usr/bin/grep "$@"',
    );
    expect(facts("manifest", "unread")).toEqual(["unread manifest grep: /etc/x: Input/output error"]);
  });
});

describe("a package that lies ready", () => {
  it("is told by its hash, and one that others may change is not", () => {
    machine.write("var/lib/pulumi-vgpu/packages/aa.run", "", 0o600);
    machine.write("var/lib/pulumi-vgpu/packages/bb.run", "", 0o622);
    machine.write("var/lib/pulumi-vgpu/packages/cc.part", "", 0o600);
    expect(facts("upload")).toEqual(["upload aa"]);
  });
});
