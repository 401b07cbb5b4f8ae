import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmallMachine } from "../small-machine.js";

const version = "550.127.06";
const content = "the next driver\n";
const sha256 = createHash("sha256").update(content).digest("hex");
const next = `var/lib/pulumi-vgpu/packages/${sha256}.run`;
const log = "var/lib/pulumi-vgpu/uninstaller.log";
const record = "etc/pulumi-vgpu/driver";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  machine.program("modinfo", "if [ -e module ]; then cat module; else exit 1; fi");
  machine.write("module", `${version}\n`);
  machine.write("etc/pulumi-vgpu/host", "owner=shop/dev\n");
  machine.write(record, `state=done\nversion=${version}\n`);
});
afterEach(() => machine.remove());

const uninstaller = (text: string) => machine.program("nvidia-uninstall", text);
const works = "rm module bin/nvidia-uninstall";
const wasCalled = () => machine.calls().some((call) => call.startsWith("nvidia-uninstall"));
const uninstall = (...args: [] | [string, string]) => {
  const [file = "", hash = ""] = args;
  return machine.run("uninstall-driver", [file && machine.at(file), hash]);
};

describe("uninstall-driver", () => {
  it("runs the vendor's uninstaller, and forgets the driver when nothing of it is left", () => {
    uninstaller(works);
    machine.write("var/lib/pulumi-vgpu/installer/rest", "");
    expect(uninstall()).toMatchObject({ code: 0, stdout: "" });
    expect(machine.calls()).toContain(`nvidia-uninstall --silent --log-file-name=${machine.at(log)}`);
    expect(machine.has(record)).toBe(false);
    expect(machine.has("var/lib/pulumi-vgpu/installer")).toBe(false);
  });

  it("leaves the driver to a vGPU that came since the look, on a device of NVIDIA's", () => {
    const uuid = "11111111-0000-4000-8000-000000000001";
    uninstaller(works);
    machine.write("sys/bus/pci/devices/0000:ff:00.4/vendor", "0x10de\n");
    machine.write("sys/bus/pci/devices/0000:ff:00.4/nvidia/current_vgpu_type", "558\n");
    machine.write("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
    machine.write(`sys/bus/pci/devices/0000:00:02.0/${uuid}/uevent`, "");
    const told = "0000:ff:00.4 carries a vGPU of type number '558' now\n";
    expect(uninstall()).toMatchObject({ code: 1, stdout: told });
    expect([wasCalled(), machine.has(record)]).toEqual([false, true]);
    machine.write("sys/bus/pci/devices/0000:ff:00.4/nvidia/current_vgpu_type", "0\n");
    expect(uninstall()).toMatchObject({ code: 0 });
  });

  it("is done where the driver is gone already", () => {
    machine.write("module", "");
    expect(uninstall()).toMatchObject({ code: 0, stdout: "" });
    expect(machine.has(record)).toBe(false);
  });

  it("leaves the driver as it is where what takes its place is another file, or is not there", () => {
    uninstaller(works);
    machine.write(next, "somebody else's\n", 0o600);
    const found = createHash("sha256").update("somebody else's\n").digest("hex");
    expect(uninstall(next, sha256)).toMatchObject({
      code: 3,
      stdout: `sha256 of /${next} is ${found}, expected ${sha256}\n`,
    });
    expect(uninstall(next.replace(sha256, "no-such"), sha256)).toMatchObject({ code: 3 });
    expect([wasCalled(), machine.has(record)]).toEqual([false, true]);
  });

  it("leaves the driver as it is where what takes its place lies in a folder that is not root's, or finds no room", () => {
    uninstaller(works);
    machine.write(next, content, 0o600);
    machine.program("df", 'printf "Filesystem\\nx 9 9 2048 0%% /\\n"');
    expect(uninstall(next, sha256)).toMatchObject({
      code: 4,
      stdout: expect.stringContaining("has room for 2 MiB, the installer needs 128 MiB"),
    });
    machine.program(
      "chmod",
      'case $* in *packages) echo "no such right"; exit 1 ;; esac; exec /bin/chmod "$@"',
    );
    expect(uninstall(next, sha256)).toMatchObject({ code: 1, stdout: "no such right\n" });
    expect([wasCalled(), machine.has(record)]).toEqual([false, true]);
  });

  it("uninstalls where what takes its place is ready", () => {
    uninstaller(works);
    machine.write(next, content, 0o600);
    machine.program("df", 'printf "Filesystem\\nx 9 9 9999999 0%% /\\n"');
    expect(uninstall(next, sha256)).toMatchObject({ code: 0, stdout: "" });
    expect([wasCalled(), machine.has("var/lib/pulumi-vgpu/installer")]).toEqual([true, false]);
  });

  it.each([
    ["the module", "rm bin/nvidia-uninstall", `module nvidia ${version}`],
    ["the uninstaller", "rm module", "nvidia-uninstall"],
    ["the module and the uninstaller", "true", `module nvidia ${version}, nvidia-uninstall`],
    [
      "the driver's source in DKMS",
      `${works}; mkdir -p var/lib/dkms/nvidia/${version}/source`,
      `nvidia/${version} in DKMS`,
    ],
    [
      "everything",
      `mkdir -p var/lib/dkms/nvidia/${version}/source`,
      `module nvidia ${version}, nvidia-uninstall, nvidia/${version} in DKMS`,
    ],
  ])(
    "fails where %s is left, whatever the uninstaller's code is, with the end of its log",
    (_what, text, left) => {
      machine.write(log, "of an earlier run\n");
      uninstaller(`seq 1 20 > ${log}; ${text}`);
      const lines = [...Array(15).keys()].map((n) => n + 6).join("\n");
      expect(uninstall()).toMatchObject({
        code: 1,
        stdout: `${lines}\nexit code of nvidia-uninstall: 0; still there: ${left}\n`,
      });
      expect(machine.has(record)).toBe(true);
    },
  );

  it("shows no other run's log where the uninstaller wrote none", () => {
    machine.write(log, "of an earlier run\n");
    uninstaller("exit 9");
    const told = `exit code of nvidia-uninstall: 9; still there: module nvidia ${version}, nvidia-uninstall\n`;
    expect(uninstall()).toMatchObject({ code: 1, stdout: told, stderr: "" });
  });

  it("says so where there is no uninstaller and the module stays", () => {
    const told = `exit code of nvidia-uninstall: none: it is not there; still there: module nvidia ${version}\n`;
    expect(uninstall()).toMatchObject({ code: 1, stdout: told, stderr: "" });
  });

  it("takes no other version's source in DKMS for the driver's, and none where the record names no version", () => {
    uninstaller(works);
    mkdirSync(machine.at("var/lib/dkms/nvidia/1.2.3/source"), { recursive: true });
    machine.write("var/lib/dkms/nvidia//source", "");
    expect(uninstall()).toMatchObject({ code: 0 });
    machine.write(record, "state=intent\n");
    expect(uninstall()).toMatchObject({ code: 0 });
  });
});
