import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gpu, pciBus, SmallHost } from "./small-host.js";

const one = "11111111-0000-4000-8000-000000000001";

let machine: SmallHost;
beforeEach(() => {
  machine = new SmallHost();
});
afterEach(() => machine.remove());

describe("the GPUs of a host", () => {
  it("are NVIDIA's displays, with their ids, and not their functions or other devices", () => {
    const at = machine.device(gpu, {
      subsystem_vendor: "0x10de",
      subsystem_device: "0x145a",
      boot_vga: "0",
      sriov_totalvfs: "32",
    });
    machine.bind(at);
    machine.virtualFunction(0);
    machine.device("0000:3b:00.1", { class: "0x040300" });
    machine.device("0000:3c:00.0", { vendor: "0x1002" });
    expect(machine.facts()).toEqual([`gpu ${gpu} 0x2235 0x10de:0x145a 0 32`]);
    expect(machine.facts("link").sort()).toEqual([
      `link /${pciBus}/${gpu}/driver /sys/bus/pci/drivers/nvidia`,
      `link /${pciBus}/${gpu}/virtfn0 /${pciBus}/0000:3b:00.4`,
    ]);
  });

  it("are told with what the kernel says of one that the driver leaves alone", () => {
    machine.device(gpu);
    machine.program(
      "dmesg",
      `printf '%s\\n' 'x' '[1] NVRM: GPU ${gpu.slice(0, -2)} is not supported' 'NVRM: by this driver' 'usb'`,
    );
    const said = [
      `gpu-log ${gpu} NVRM: GPU 0000:3b:00 is not supported`,
      `gpu-log ${gpu} NVRM: by this driver`,
    ];
    expect(machine.facts("gpu-log")).toEqual(said);
    machine.bind(`${pciBus}/${gpu}`);
    expect(machine.facts("gpu-log")).toEqual([]);
    expect(machine.calls().filter((call) => call === "dmesg ")).toHaveLength(1);
    rmSync(machine.at(`${pciBus}/${gpu}/driver`));
    machine.program("timeout", '[ "$1" != 10 ]');
    expect(machine.facts("gpu-log")).toEqual([]);
  });

  it("are unknown where their links cannot be read", () => {
    machine.device(gpu);
    machine.program(
      "find",
      'case $* in *virtfn*) echo "find: x: Input/output error" >&2; exit 1 ;; esac; exec /usr/bin/find "$@"',
    );
    expect(machine.facts("unread")).toEqual(["unread devices find: x: Input/output error"]);
  });

  it("come with whether the machine has an IOMMU", () => {
    mkdirSync(machine.at("sys/class/iommu/dmar0"), { recursive: true });
    expect(machine.facts()).toEqual(["iommu dmar0"]);
    rmSync(machine.at("sys/class/iommu/dmar0"), { recursive: true });
    expect(machine.facts()).toEqual([]);
  });
});

describe("the mdevs of a host", () => {
  const mdevs = () => machine.facts("mdev", "mdev-type-of", "mdev-vm", "vfio-device", "unread");
  const parent = "sys/class/mdev_bus/0000:3b:00.4";

  it("are those on the bus, with their parent, type, group and VM", () => {
    const at = `${parent}/${one}`;
    machine.put(at, { "mdev_type/name": "A40-8Q", "nvidia/vm_name": "desk-1" });
    machine.shell(
      `mv /${at}/mdev_type /sys/nvidia-1; ln -s /sys/nvidia-1 /${at}/mdev_type; mkdir -p /${at}/vfio-dev/vfio3`,
    );
    machine.link("/sys/kernel/iommu_groups/12", `${at}/iommu_group`);
    machine.link(machine.at(at), `sys/bus/mdev/devices/${one}`);
    const on = [
      `mdev ${one} 0000:3b:00.4`,
      `mdev-type-of ${one}  A40-8Q`,
      `mdev-vm ${one} desk-1`,
      `vfio-device /sys/bus/mdev/devices/${one}/vfio-dev/vfio3`,
      `vfio-device /${at}/vfio-dev/vfio3`,
    ];
    expect(mdevs()).toEqual(on);
    expect(machine.facts("link").sort()).toEqual([
      `link /sys/bus/mdev/devices/${one}/iommu_group /sys/kernel/iommu_groups/12`,
      `link /sys/bus/mdev/devices/${one}/mdev_type /sys/nvidia-1`,
    ]);
    machine.deviceFiles = "";
    expect(mdevs()).toEqual(on.slice(0, 3));
    machine.deviceFiles = "yes";
    rmSync(machine.at(`${at}/nvidia/vm_name`));
    expect(mdevs()).toEqual(on.filter((line) => !line.startsWith("mdev-vm")));
  });

  it("take no more programs to look at than one of them does, and neither do functions and types", () => {
    const programs = ["find", "grep", "head", "cat", "readlink", "sed", "cut", "tr", "stat", "sort", "tail"];
    for (const name of programs) machine.program(name, `cd - > /dev/null; exec /usr/bin/${name} "$@"`);
    const count = () => {
      const before = machine.calls().length;
      machine.facts();
      return machine.calls().length - before;
    };
    const add = (n: number) => {
      const at = machine.virtualFunction(n);
      machine.offer(at);
      machine.put(`${at}/mdev_supported_types/nvidia-${n + 2}`, {
        name: `A40-${n}Q`,
        available_instances: "1",
      });
      const uuid = `00000000-0000-4000-8000-0000000000${n + 10}`;
      machine.put(`${at}/${uuid}`, { "mdev_type/name": "A40-8Q" });
      machine.link(machine.at(`${at}/${uuid}`), `sys/bus/mdev/devices/${uuid}`);
    };
    machine.bind(machine.device(gpu, { sriov_totalvfs: "32" }));
    add(0);
    const one = count();
    for (let n = 1; n < 4; n++) add(n);
    expect(count()).toBe(one);
  });

  it("are, too, those that have left the bus and whose removal waits", () => {
    machine.link("/sys/kernel/iommu_groups/12", `${parent}/${one}/iommu_group`);
    expect(mdevs()).toEqual([`mdev ${one} 0000:3b:00.4 removing`, `mdev-type-of ${one}   12`]);
  });

  it.each(["-mindepth", "mdev_type"])("are unknown where their links cannot be read: %s", (part) => {
    machine.link(machine.at(`${parent}/${one}`), `sys/bus/mdev/devices/${one}`);
    mkdirSync(machine.at(`${parent}/${one}`), { recursive: true });
    machine.program(
      "find",
      `case $* in *${part}*) echo "find: x: Input/output error" >&2; exit 1 ;; esac; exec /usr/bin/find "$@"`,
    );
    expect(mdevs()).toContain("unread devices find: x: Input/output error");
  });
});

describe("parents that are not NVIDIA's", () => {
  it("are told with their types, and the functions of its GPUs are not told again", () => {
    machine.bind(machine.device(gpu));
    machine.offer(`${pciBus}/${gpu}`);
    for (const name of ["mtty", gpu])
      machine.put(`sys/class/mdev_bus/${name}/mdev_supported_types/mtty-2`, {
        name: "Dual port serial",
        device_api: "vfio-pci",
        available_instances: "3",
        description: "two\nports",
      });
    mkdirSync(machine.at("sys/class/mdev_bus/other"));
    expect(machine.facts("mdev-parent", "parent-type")).toEqual([
      "mdev-parent mtty",
      "parent-type mtty mtty-2 Dual port serial vfio-pci 3 two, ports",
    ]);
  });
});

describe("mdevctl", () => {
  const said = () => machine.facts("mdevctl", "autostart-missing");

  it("is asked for its definitions, and not waited for long", () => {
    machine.program("mdevctl", "echo '['; echo ']'");
    expect(said()).toEqual(["mdevctl [", "mdevctl ]"]);
    expect(machine.calls()).toEqual(["mdevctl list -d --dumpjson"]);
    machine.program("timeout", '[ "$1" = 20 ] && exit 124');
    expect(said()).toEqual(["mdevctl ended with 124"]);
  });

  it("is told where its rule runs a program that is not there", () => {
    machine.program("mdevctl", "");
    const missing = machine.at("no/sbin/mdevctl");
    machine.write("usr/lib/udev/rules.d/60-mdevctl.rules", `RUN+="${missing} start-parent-mdevs %k"\n`);
    expect(said()).toEqual(["mdevctl ", "autostart-missing /no/sbin/mdevctl"]);
    machine.write("no/sbin/mdevctl", "", 0o755);
    expect(said()).toEqual(["mdevctl "]);
    machine.write("usr/lib/udev/rules.d/60-mdevctl.rules", "no program\n");
    expect(said()).toEqual(["mdevctl "]);
  });
});

describe("the boot unit's files", () => {
  it("are told by their hashes, and one that is no file is not ours", () => {
    machine.write("usr/local/lib/pulumi-vgpu/restore", "restore\n", 0o755);
    mkdirSync(machine.at("etc/systemd/system/pulumi-vgpu.service"), { recursive: true });
    expect(machine.facts()).toEqual([
      `boot-file restore ${createHash("sha256").update("restore\n").digest("hex")}`,
      "boot-file pulumi-vgpu.service no regular file",
    ]);
  });
});
