import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readScript } from "../../../provider/observe/read-script.js";
import { SmallMachine } from "../small-machine.js";

const lacking = ["ld", "dpkg-query", "rpm", "nvidia-uninstall", "update-initramfs", "dracut", "mkinitcpio"];

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", lacking);
  machine.program("modinfo", "exit 1");
  machine.program("df", 'printf "Filesystem\\nx 9 9 1234 0%% /\\n"');
  mkdirSync(machine.at("tmp"));
});
afterEach(() => machine.remove());

/** The facts of these tags, as observe/prerequisites.sh prints them. */
function facts(...tags: string[]): string[] {
  const functions = readScript("observe/machine.sh").split("kernel=$(uname")[0];
  const text = `${functions}kernel=1.2.3\n${readScript("observe/prerequisites.sh")}`
    .replaceAll("/tmp/.X", `${machine.root}/tmp/.X`)
    .replaceAll("/usr/include", `${machine.root}/usr/include`)
    .replaceAll("/proc/self/mounts", `${machine.root}/proc/self/mounts`);
  const { stdout } = machine.shell(text);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines
    .filter((line) => tags.includes(line.split("\t")[0] ?? ""))
    .map((line) => line.replaceAll("\t", " "));
}

describe("what the vendor's installer needs", () => {
  const needs = () => facts("os-release", "tool", "libc-headers", "alternate-install");

  it("is told of the machine's system, of its tools and of another installation", () => {
    expect(needs()).toEqual([]);
    machine.write("usr/lib/os-release", "ID=other\n");
    machine.write("etc/os-release", 'NAME=x\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n');
    machine.program("ld", "");
    machine.write("usr/include/stdio.h", "");
    machine.write("usr/lib/nvidia/alternate-install-present", "");
    expect(needs()).toEqual([
      "os-release ID ubuntu",
      "os-release ID_LIKE debian",
      'os-release VERSION_ID "24.04"',
      "tool ld",
      "libc-headers yes",
      "alternate-install /usr/lib/nvidia/alternate-install-present",
    ]);
  });

  it("is that no X server runs: one that does is told, and not a lock that is left or is no file", () => {
    machine.write("tmp/.X0-lock", `      ${process.pid}\n`);
    machine.write("tmp/.X1-lock", "4194303\n");
    machine.write("tmp/.X2-lock", "no number\n");
    execFileSync("mkfifo", [machine.at("tmp/.X3-lock")]);
    expect(facts("x-server")).toEqual([
      expect.stringMatching(new RegExp(`^x-server /tmp/.X0-lock ${process.pid} .+`)),
    ]);
  });

  it("is what the kernel was built with, by the first file that says it", () => {
    const config =
      "CONFIG_VFIO_MDEV=m\nCONFIG_KVM_VFIO=y\n# CONFIG_VFIO_PCI_CORE is not set\nCONFIG_VFIO=y\n";
    machine.write("lib/modules/1.2.3/config", config);
    machine.write("lib/modules/1.2.3/build/.config", "CONFIG_VFIO_IOMMU_TYPE1=y\n");
    const found = ["kernel-config CONFIG_VFIO_MDEV", "kernel-config CONFIG_KVM_VFIO"];
    const all = () => facts("kernel-config-file", "kernel-config");
    expect(all()).toEqual(["kernel-config-file /lib/modules/1.2.3/config", ...found]);
    machine.write("boot/config-1.2.3", config);
    expect(all()).toEqual(["kernel-config-file /boot/config-1.2.3", ...found]);
  });

  it("is that nova does not run: what is loaded and what keeps it from loading is told", () => {
    mkdirSync(machine.at("sys/module/nova_core"));
    machine.write("etc/modprobe.d/a.conf", " blacklist  nova_core\n");
    machine.write("etc/modprobe.d/b.conf", "# blacklist nova_core\n");
    expect(facts("nova-loaded", "nova-blocked")).toEqual([
      "nova-loaded nova_core",
      "nova-blocked /etc/modprobe.d/a.conf",
    ]);
  });
});

describe("a package of the distribution", () => {
  const packages = () => facts("distribution-driver", "driver-metapackage", "packages-unread");
  /** Lets dpkg know packages with these files, and end with this code. */
  function dpkg(files: Readonly<Record<string, string>>, code = 0): void {
    const names = Object.keys(files).map((name) => `printf 'ii \\t${name}\\n'; `);
    const lists = Object.entries(files).map(([name, paths]) => `'-L ${name}') printf '%s\\n' ${paths} ;; `);
    machine.program(
      "dpkg-query",
      `case "$*" in -W*) ${names.join("")} exit ${code} ;; ${lists.join("")} esac`,
    );
  }

  it("is a driver by its files, or by its name where it has none", () => {
    dpkg({
      "nvidia-driver": "/usr/share/doc/x",
      "nvidia-driver-550": "",
      "nvidia-driver-assistant": "",
      "nvidia-dkms-550": "",
      "nvidia-other": "",
      "libnvidia-compute": "/usr/lib/libcuda.so.1",
      "nvidia-vgpu": "/usr/bin/nvidia-vgpud /usr/lib/libcuda.so.1",
      "nvidia-stub": "/usr/lib/stubs/libcuda.so",
      "nvidia-tools": "/usr/bin/tool",
    });
    expect(packages()).toEqual([
      "driver-metapackage nvidia-driver ii ",
      "distribution-driver nvidia-driver-550 ii ",
      "distribution-driver nvidia-dkms-550 ii ",
      "distribution-driver libnvidia-compute ii ",
    ]);
  });

  it("is unknown where dpkg or rpm could not tell, and not where it only found none or has no packages", () => {
    dpkg({}, 1);
    expect(packages()).toEqual([]);
    dpkg({}, 2);
    expect(packages()).toEqual(["packages-unread dpkg-query exit code 2"]);
    machine.program("rpm", "exit 1");
    expect(packages()).toEqual([]);
    machine.write("var/lib/dpkg/status", "");
    machine.write("usr/lib/sysimage/rpm/rpmdb.sqlite", "");
    expect(packages()).toEqual(["packages-unread dpkg-query exit code 2", "packages-unread rpm exit code 1"]);
  });

  it("is found by rpm", () => {
    machine.program(
      "rpm",
      `case "$*" in -qa*) echo kmod-nvidia; echo nvidia-smi ;; *) echo "/usr/lib/libcuda.so" ;; esac`,
    );
    expect(packages()).toEqual([
      "distribution-driver kmod-nvidia installed",
      "distribution-driver nvidia-smi installed",
    ]);
  });
});

describe("the owner of the module on disk", () => {
  const owner = () => facts("module-file", "module-package");
  beforeEach(() => {
    machine.program(
      "modinfo",
      "case $* in *filename*) echo /lib/modules/x/nvidia.ko ;; *) echo 550.1 ;; esac",
    );
  });

  it("is nobody where the vendor's uninstaller is there", () => {
    expect(owner()).toEqual(["module-file /lib/modules/x/nvidia.ko"]);
    machine.program("nvidia-uninstall", "");
    expect(owner()).toEqual([]);
  });

  it("is asked of dpkg and of rpm, also by the place behind a link and by DKMS's source", () => {
    machine.program(
      "dpkg-query",
      'case $2 in /usr/lib/*) echo "nvidia-kernel-dkms:amd64: $2" ;; *) exit 1 ;; esac',
    );
    expect(owner()[1]).toBe("module-package nvidia-kernel-dkms");
    machine.program("dpkg-query", "exit 1");
    machine.program("rpm", 'case $4 in /lib/*) echo kmod-nvidia ;; *) echo "not owned"; exit 1 ;; esac');
    expect(owner()[1]).toBe("module-package kmod-nvidia");
    machine.program("rpm", "echo not owned; exit 1");
    machine.program("dpkg-query", 'case $2 in */src/*/dkms.conf) echo "dkms-550: $2" ;; *) exit 1 ;; esac');
    expect(owner()[1]).toBe("module-package dkms-550");
  });
});

describe("what keeps the images of a boot from being made", () => {
  const kept = () => facts("images-kept");
  const mounted = (options: string, at = "/") =>
    machine.write("proc/self/mounts", `x ${at} ext4 ${options} 0 0\n`);

  it("is that no program makes them, or one that is not known", () => {
    expect(kept()).toEqual(["images-kept neither update-initramfs nor dracut is here"]);
    machine.program("mkinitcpio", "");
    expect(kept()).toEqual(["images-kept mkinitcpio makes them here, which is not supported yet"]);
    machine.program("dracut", "");
    expect(kept()).toEqual([]);
  });

  it("is the setting of update-initramfs, where there are images", () => {
    machine.program("update-initramfs", "");
    machine.write("etc/initramfs-tools/update-initramfs.conf", " update_initramfs=no\n");
    expect(kept()).toEqual([]);
    machine.write("boot/initrd.img-1.2.3", "");
    expect(kept()).toEqual(["images-kept update_initramfs=no in /etc/initramfs-tools/update-initramfs.conf"]);
    machine.write("etc/initramfs-tools/update-initramfs.conf", "#update_initramfs=no\n");
    expect(kept()).toEqual([]);
  });

  it.each(["initrd.img-1", "initramfs-1.img", "initrd-1"])(
    "is a /boot that is mounted read-only, where there are images: %s",
    (image) => {
      machine.program("dracut", "");
      mounted("ro,relatime");
      expect(kept()).toEqual([]);
      machine.write(`boot/${image}`, "");
      expect(kept()).toEqual(["images-kept /boot is mounted read-only (/)"]);
      mounted("rw,errors=remount-ro");
      expect(kept()).toEqual([]);
      mounted("ro", "/mnt");
      expect(kept()).toEqual([]);
    },
  );

  it("comes with the room and the mount of each folder that the installer may unpack to", () => {
    mounted("rw,noexec");
    expect(facts("installer-folder")).toEqual([
      "installer-folder /var/lib/pulumi-vgpu/installer / 1234 rw,noexec",
      "installer-folder /usr/local/lib/pulumi-vgpu/installer / 1234 rw,noexec",
    ]);
    expect(
      machine
        .calls()
        .filter((call) => call.startsWith("df"))
        .slice(0, 2),
    ).toEqual([`df -P -k ${machine.at("var/lib")}`, `df -P -k ${machine.at("usr/local/lib")}`]);
  });

  it("comes with the room and the mount of where the driver's files go", () => {
    mkdirSync(machine.at("lib/modules/1.2.3"), { recursive: true });
    mounted("ro,relatime");
    expect(facts("driver-folder")).toEqual([
      "driver-folder /usr / 1234 ro,relatime",
      "driver-folder /lib/modules/1.2.3 / 1234 ro,relatime",
    ]);
    expect(
      machine
        .calls()
        .filter((call) => call.startsWith("df"))
        .slice(2),
    ).toEqual(["df -P -k /usr", `df -P -k ${machine.at("lib/modules/1.2.3")}`]);
  });
});
