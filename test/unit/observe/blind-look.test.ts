import { describe, expect, it } from "vitest";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { hostScript, machineScript, readScript } from "../../../provider/observe/read-script.js";
import { captureText } from "../captures.js";
import { runShell } from "../shell.js";
import { firstNamespace } from "./proc-files.js";
import { busyboxFind, pathWith, type StandIns } from "./stand-in-programs.js";

/** A find that does this at the look for what processes have open. */
const findWith = (then: string) => `case "$*" in *open*) ${then} ;; esac; exec /usr/bin/find "$@"`;
const quietFind = findWith("exit 0");
const modinfo = "echo 550.127.06";
const systemctl = "printf 'LoadState=loaded\\nActiveState=active\\n'";
const quiet: StandIns = { modinfo, systemctl, mdevctl: "echo '[]'", "dpkg-query": "exit 0", rpm: null };

/** What the look at this machine says where these programs are others. */
function lookWith(standIns: StandIns, after = hostScript()): string[][] {
  const script = `${pathWith({ ...quiet, ...standIns })}services=nvidia-vgpud.service\n${machineScript()}${after}`;
  return runShell(script)
    .stdout.split("\n")
    .map((line) => line.split("\t"));
}

function missingWith(standIns: StandIns): string[][] {
  return lookWith(standIns, "").filter(([tag, program = ""]) => tag === "missing" && !(program in quiet));
}

function unreadWith(standIns: StandIns): string[][] {
  const facts = lookWith(standIns).filter(([tag]) => tag !== "missing");
  const { unread } = parseHostFacts(facts.map((fields) => fields.join("\t")).join("\n"), "here");
  return unread.filter(({ part }) => part !== "processes").map(({ part, saw }) => [part, saw]);
}

describe("the programs that the look relies on", () => {
  it("are all there on this machine", () => {
    expect(missingWith({})).toEqual([]);
  });

  it.each<[string, string | null, string, string]>([
    ["find", busyboxFind, "GNU findutils", "other"],
    ["find", null, "GNU findutils", "absent"],
    ["xargs", null, "GNU findutils", "absent"],
    ["grep", 'echo "grep: unrecognized option" >&2; exit 2', "GNU grep", "other"],
    ["sed", null, "GNU sed", "absent"],
    [
      "sed",
      'for word; do case $word in -z) echo "sed: unrecognized option: z" >&2; exit 1 ;; esac; done; exec /usr/bin/sed "$@"',
      "GNU sed",
      "other",
    ],
    ["cut", null, "GNU coreutils", "absent"],
    [
      "cut",
      'case $1 in -z) echo "cut: unrecognized option: z" >&2; exit 1 ;; esac; exec /usr/bin/cut "$@"',
      "GNU coreutils",
      "other",
    ],
    ["stat", null, "GNU coreutils", "absent"],
    [
      "stat",
      'case "$*" in *--printf*) echo "stat: unrecognized option: printf" >&2; exit 1 ;; esac; exec /usr/bin/stat "$@"',
      "GNU coreutils",
      "other",
    ],
    ["sha256sum", null, "GNU coreutils", "absent"],
    ["readlink", null, "GNU coreutils", "absent"],
    ["timeout", 'echo "timeout: invalid option" >&2; exit 1', "GNU coreutils", "other"],
    ["flock", 'echo "BusyBox v1.36.1 multi-call binary." >&2; exit 1', "util-linux", "other"],
    ["flock", null, "util-linux", "absent"],
    ["setsid", null, "util-linux", "absent"],
    ["modinfo", null, "kmod", "absent"],
  ])("are named when they are missing or of another make: %s", (program, text, name, state) => {
    const missing = lookWith({ [program]: text }, "").filter(
      ([tag, found]) => tag === "missing" && found === program,
    );
    expect(missing).toEqual([["missing", program, name, state]]);
  });

  it("refuse the whole look when one is missing", () => {
    const lines = [
      "missing\tfind\tGNU findutils\tother",
      "missing\txargs\tGNU findutils\tabsent",
      "missing\tsystemctl\tsystemd, as what starts the machine\tabsent",
    ];
    const text = `VGPU_PREREQUISITE root@kvm-02:22: cannot look at the machine: programs are missing
Saw: find is of another make, or does not work, no xargs, no systemctl (tried before the look)
Expected: GNU findutils, systemd, as what starts the machine
Next: install on the machine: GNU findutils, systemd, as what starts the machine; then run again`;
    const host = `${lines.join("\n")}\n${captureText("observe-host.legacy.txt")}`;
    expect(() => parseHostFacts(host, "root@kvm-02:22")).toThrow(text);
    const guest = `${lines.join("\n")}\n${captureText("observe-guest.licensed.txt")}`;
    expect(() => parseGuestFacts(guest, "root@kvm-02:22")).toThrow(text);
  });
});

describe("what a program could not tell", () => {
  it("is nothing on a machine on which all answer", () => {
    expect(unreadWith({})).toEqual([]);
    expect(unreadWith({ modinfo: 'echo "modinfo: ERROR: Module nvidia not found." >&2; exit 1' })).toEqual(
      [],
    );
  });

  it.each<[string, string, string, string]>([
    [
      "modinfo",
      'echo "modinfo: ERROR: could not get modinfo from nvidia: Input/output error" >&2; exit 1',
      "driver",
      "modinfo: ERROR: could not get modinfo from nvidia: Input/output error",
    ],
    ["modinfo", "exit 1", "driver", "modinfo ended with 1"],
    [
      "systemctl",
      'echo "Failed to connect to bus: No such file or directory" >&2; exit 1',
      "services",
      "Failed to connect to bus: No such file or directory",
    ],
    ["mdevctl", "echo '[{'; exit 0", "mdevctl", "[{ (mdevctl list)"],
    ["mdevctl", "exit 3", "mdevctl", "ended with 3 (mdevctl list)"],
    ["mdevctl", "echo '[]'; exit 3", "mdevctl", "[] ended with 3 (mdevctl list)"],
    ["mdevctl", "echo '{}'", "mdevctl", "{} (mdevctl list)"],
  ])("is unknown, not absent: %s %s", (program, text, part, saw) => {
    expect(unreadWith({ [program]: text })).toEqual([[part, saw]]);
  });

  it("refuses the whole look where the manifest cannot be read", () => {
    const line = "unread\tmanifest\tgrep: /etc/pulumi-vgpu/host: Input/output error\n";
    expect(() => parseHostFacts(line + captureText("observe-host.legacy.txt"), "root@kvm-02:22")).toThrow(
      `VGPU_PREREQUISITE root@kvm-02:22: cannot read what is noted on the machine
Saw: grep: /etc/pulumi-vgpu/host: Input/output error (/etc/pulumi-vgpu)
Expected: small regular files, as they were written
Next: look at that file on the machine: a damaged disk, or something put there by hand; then run again`,
    );
  });
});

describe("a file of the kernel", () => {
  const functions = readScript("observe/machine.sh").split("# Prints the manifest")[0] ?? "";
  const read = (path: string) =>
    runShell(`${functions}\ncd /proc\nline_of ${path}; printf '%s' "[$value]"`).stdout;

  it("that is there and cannot be read is unknown, not absent", () => {
    expect(read("/proc/self")).toBe(
      "unread\tdevices\thead: error reading '/proc/self': Is a directory (in /proc)\n[]",
    );
    expect(read("/proc/self/mem")).toMatch(
      /^unread\tdevices\thead: .*\/proc\/self\/mem.* \(in \/proc\)\n\[\]$/,
    );
  });

  it("that is not there, or empty, is so", () => {
    expect(read("/proc/no-such-file")).toBe("[]");
    expect(read("/dev/null")).toBe("[]");
    expect(read("/proc/sys/kernel/ostype")).toBe("[Linux]");
  });
});

describe("what does not answer in time", () => {
  const late = (program: string) => `case "$*" in *${program}*) exit 124 ;; esac; exec /usr/bin/timeout "$@"`;
  const unreadBy = (standIns: StandIns, after: string) =>
    lookWith(standIns, after).filter(([tag, part]) => tag === "unread" && part !== "processes");

  it("is unknown: a guest's license", () => {
    const standIns = { timeout: late("nvidia-smi"), "nvidia-smi": "exit 0" };
    expect(unreadBy(standIns, readScript("observe/guest.sh"))).toEqual([
      ["unread", "license", "nvidia-smi -q has not answered within 20 s"],
    ]);
  });

  it("is unknown: what DKMS has built", () => {
    const modinfo = 'echo "modinfo: ERROR: Module nvidia not found." >&2; exit 1';
    const standIns = { timeout: late("dkms"), dkms: "exit 0", modinfo };
    const script = `${pathWith({ ...quiet, ...standIns })}services=
${machineScript().replaceAll("/var/lib/dkms/nvidia", "/proc/self")}`;
    const lines = runShell(script).stdout.split("\n");
    expect(lines).toContain("unread\tdriver\tdkms status has not answered within 20 s");
  });
});

describe("a look at the processes that could not finish", () => {
  const processesWith = (standIns: StandIns) => {
    const readlink = `case $1 in /proc/1/ns/pid) echo "${firstNamespace}"; exit ;; esac; exec /usr/bin/readlink "$@"`;
    const lines = lookWith({ readlink, ...standIns }, "").filter(([tag]) => tag === "unread");
    return lines.filter(([, part]) => part === "processes").map(([, , why]) => why);
  };

  it("says nothing where it could", () => {
    expect(processesWith({ find: quietFind })).toEqual([]);
    const gone = findWith(`echo "find: '/proc/7/fd': No such file or directory" >&2; exit 1`);
    expect(processesWith({ find: gone })).toEqual([]);
  });

  it.each<[string, StandIns]>([
    [
      "find: '/proc/7/fd': Permission denied",
      { find: findWith(`echo "find: '/proc/7/fd': Permission denied" >&2; exit 1`) },
    ],
    ["find ended with 137", { find: findWith("kill -9 $$") }],
    [
      "grep ended with 139",
      { find: quietFind, grep: 'case "$*" in *anon_inode*) kill -11 $$ ;; esac; exec /usr/bin/grep "$@"' },
    ],
    [
      "grep: /proc/7/stat: Input/output error",
      {
        find: quietFind,
        grep: 'case "$*" in *qemu*) echo "grep: /proc/7/stat: Input/output error" >&2; exit 2 ;; esac; exec /usr/bin/grep "$@"',
      },
    ],
    [
      "the list of open files was cut",
      { find: findWith(`printf 'open\\t/proc/7/fd/%s\\t/dev/kvm\\0' $(seq 30000); exit 0`) },
    ],
    ["xargs: unrecognized option: 0", { xargs: 'echo "xargs: unrecognized option: 0" >&2; exit 1' }],
  ])("says so: %s", (why, standIns) => {
    expect(processesWith(standIns)[0]).toContain(why);
  });
});
