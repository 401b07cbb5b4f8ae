import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readScript } from "../../../provider/observe/read-script.js";
import { SmallMachine } from "../small-machine.js";

const programs = ["libvirtd", "virtqemud", "qemu-kvm", "kvm", "cloud-hypervisor", "qm", "qemu-system-x86_64"];

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", programs);
  machine.program("modinfo", "exit 1");
  machine.write("proc/cpuinfo", "flags\t\t: fpu vme\n");
});
afterEach(() => machine.remove());

/** What observe/role.sh prints. */
function role(): string[] {
  const functions = readScript("observe/machine.sh").split("kernel=$(uname")[0];
  const text = (functions + readScript("observe/role.sh")).replaceAll(
    "/proc/cpuinfo",
    `${machine.root}/proc/cpuinfo`,
  );
  return machine
    .shell(text)
    .stdout.split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\t", " "));
}

describe("what tells a host", () => {
  it("is nothing on a plain machine", () => {
    expect(role()).toEqual([]);
  });

  it("is the vGPU manager's module, of whatever kernel, on disk or loaded", () => {
    for (const kernel of ["1.2.3", "1.2.4"])
      mkdirSync(machine.at(`lib/modules/${kernel}`), { recursive: true });
    machine.program(
      "modinfo",
      'case $* in "-k 1.2.4 -F filename nvidia-vgpu-vfio") echo /x.ko ;; *) exit 1 ;; esac',
    );
    mkdirSync(machine.at("sys/module/nvidia_vgpu_vfio"));
    expect(role()).toEqual([
      "vgpu-manager module nvidia-vgpu-vfio for kernel 1.2.4 (modinfo)",
      "vgpu-manager module nvidia_vgpu_vfio is loaded (/sys/module)",
    ]);
  });

  it.each([
    "/usr/src/nvidia-550.1/nvidia-vgpu-vfio",
    "/usr/bin/nvidia-vgpu-mgr",
    "/usr/lib/systemd/system/nvidia-vgpu-mgr.service",
    "/etc/systemd/system/nvidia-vgpu-mgr.service",
    "/proc/driver/nvidia/gpus/0000:3b:00.0/unbindLock",
  ])("is a file of the vGPU manager's: %s", (file) => {
    machine.write(file, "");
    expect(role()).toEqual([`vgpu-manager ${file}`]);
  });

  it.each(programs)("is a program that runs VMs: %s", (name) => {
    machine.program(name, "");
    expect(role()).toEqual([expect.stringMatching(new RegExp(`^vm-program .*/bin/${name}$`))]);
  });
});

describe("what tells a guest", () => {
  it.each([
    "/usr/bin/nvidia-gridd",
    "/usr/lib/systemd/system/nvidia-gridd.service",
    "/etc/systemd/system/nvidia-gridd.service",
  ])("is a file of the guest's driver: %s", (file) => {
    machine.write(file, "");
    expect(role()).toEqual([`guest-driver ${file}`]);
  });

  it("is the processor's flag", () => {
    machine.write("proc/cpuinfo", "processor : 0\nflags\t\t: fpu hypervisor vme\nbugs : x\n");
    machine.write("sys/class/dmi/id/sys_vendor", "QEMU\n");
    expect(role()).toEqual(["virtual yes flag hypervisor (/proc/cpuinfo)"]);
    machine.write("proc/cpuinfo", "model name : hypervisor\nflags : fpu hypervisors\n");
    machine.write("sys/class/dmi/id/sys_vendor", "Supermicro\n");
    expect(role()[0]).toMatch(/^virtual no/);
  });

  it("is a device of QEMU's, where the flag is hidden", () => {
    machine.write("sys/bus/pci/devices/0000:00:01.0/subsystem_vendor", "0x8086\n");
    machine.write("sys/bus/pci/devices/0000:00:02.0/subsystem_vendor", "0x1af4\n");
    machine.write("sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
    expect(role()).toEqual(["virtual yes a device of QEMU's (/sys/bus/pci/devices/0000:00:02.0)"]);
  });

  it.each([
    ["QEMU", "Standard PC"],
    ["VMware, Inc.", "VMware7,1"],
    ["Microsoft Corporation", "Virtual Machine"],
    ["Google", "Google Compute Engine"],
    ["innotek GmbH", "VirtualBox"],
    ["Red Hat", "KVM"],
  ])("is the firmware's maker: %s %s", (vendor, product) => {
    machine.write("sys/class/dmi/id/sys_vendor", `${vendor}\n`);
    machine.write("sys/class/dmi/id/product_name", `${product}\n`);
    expect(role()).toEqual([`virtual yes ${vendor} ${product} (/sys/class/dmi/id)`]);
  });

  it("is no firmware of a real machine's", () => {
    machine.write("sys/class/dmi/id/sys_vendor", "Supermicro\n");
    machine.write("sys/class/dmi/id/product_name", "X12\n");
    expect(role()).toEqual([
      "virtual no Supermicro X12 (/sys/class/dmi/id), no flag hypervisor (/proc/cpuinfo)",
    ]);
  });
});
