import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import type { InstallationFacts } from "../../../provider/model/installation-facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuFacts, hostFacts, installationOf, refusalTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";

const bare = hostFacts({ gpus: [gpuFacts()] });
const found = (changes: Partial<InstallationFacts>): HostFacts => ({ ...bare, ...installationOf(changes) });
const refusals = (facts: HostFacts, desired: Partial<DesiredHost> = {}) =>
  refusalTexts(planHost(desiredHost(desired), facts));

const texts: readonly (readonly [string, HostFacts, string])[] = [
  [
    "no headers of the C library",
    found({ libcHeaders: false }),
    `VGPU_PREREQUISITE gpu-01: build tools are missing
Saw: no /usr/include/stdio.h
Expected: cc, make, ld and the headers of the C library, for the installer to build its modules
Next: install them with the distribution's package manager: build-essential (Debian, Ubuntu), or gcc, make, binutils and glibc-devel (RHEL, SUSE)`,
  ],
  [
    "gcc without cc",
    { ...bare, tools: new Set(["gcc", "make", "ld"]) },
    `VGPU_PREREQUISITE gpu-01: build tools are missing
Saw: no cc (gcc alone is not enough)
Expected: cc, make, ld and the headers of the C library, for the installer to build its modules
Next: install them with the distribution's package manager: build-essential (Debian, Ubuntu), or gcc, make, binutils and glibc-devel (RHEL, SUSE)`,
  ],
  [
    "a distribution that keeps the installer away",
    found({ alternateInstall: "/usr/lib/nvidia/alternate-install-present" }),
    `VGPU_PREREQUISITE gpu-01: the distribution keeps the vendor's installer away
Saw: /usr/lib/nvidia/alternate-install-present
Expected: no such file: the installer ends without installing anything where it is
Next: remove the package that brings it (dpkg -S /usr/lib/nvidia/alternate-install-present, or rpm -qf /usr/lib/nvidia/alternate-install-present, names it), run again`,
  ],
  [
    "images that nothing replaces",
    found({ imagesKept: ["update_initramfs=no in /etc/x", "/boot is mounted read-only (/boot)"] }),
    `VGPU_PREREQUISITE gpu-01: the initramfs cannot be made anew without nouveau
Saw: update_initramfs=no in /etc/x; /boot is mounted read-only (/boot)
Expected: that update-initramfs or dracut replaces every kernel's image: an old one loads nouveau at each boot
Next: take that away (update_initramfs=yes; mount -o remount,rw /boot; install initramfs-tools or dracut), run again`,
  ],
  [
    "no folder for the installer",
    found({
      installerFolders: [
        { path: "/var/lib/a", mount: "/var", freeKib: 9_000_000, options: ["rw", "noexec"] },
        { path: "/usr/local/b", mount: "/usr", freeKib: 9_000_000, options: ["ro"] },
        { path: "/srv/c", mount: "/", freeKib: 131_071, options: [] },
      ],
    }),
    `VGPU_PREREQUISITE gpu-01: the driver's installer will have no folder to unpack itself to
Saw: /var/lib/a: /var is mounted noexec; /usr/local/b: /usr is mounted read-only; /srv/c: / has room for 127 MiB
Expected: one of them with room for at least 128 MiB, not mounted noexec or read-only
Next: make room there, or mount its file system with exec and rw, run again`,
  ],
  [
    "an X server",
    found({ xServers: [{ lock: "/tmp/.X0-lock", pid: 812, name: "Xorg" }] }),
    `VGPU_PREREQUISITE gpu-01: an X server runs
Saw: /tmp/.X0-lock of process 812 (Xorg)
Expected: none: the installer ends without installing anything while one runs
Next: stop it, and keep it from coming back at boot (systemctl set-default multi-user.target; systemctl isolate multi-user.target), run again`,
  ],
  [
    "packages of the distribution that an admin holds",
    found({
      driverPackages: [
        { name: "nvidia-driver-535", held: true },
        { name: "nvidia-dkms-535", held: false },
      ],
    }),
    `VGPU_PREREQUISITE gpu-01: a distribution NVIDIA driver is installed
Saw: packages nvidia-driver-535 (held), nvidia-dkms-535
Expected: no NVIDIA driver beside the declared one
Next: lift the hold (apt-mark unhold nvidia-driver-535), remove these packages with the distribution's package manager, reboot, run again`,
  ],
  [
    "a package database that does not answer",
    found({ packagesUnread: "dpkg-query exit code 2" }),
    `VGPU_PREREQUISITE gpu-01: cannot tell whether a distribution NVIDIA driver is installed
Saw: dpkg-query exit code 2
Expected: an answer of the package manager: two drivers overwrite each other's files
Next: mend the package database (dpkg --audit, or rpm --rebuilddb), run again`,
  ],
  [
    "another version that a package brought",
    {
      ...found({
        moduleOnDisk: {
          file: "/lib/modules/6.1.0-13-amd64/updates/dkms/nvidia.ko",
          package: "nvidia-vgpu-ubuntu-535",
        },
      }),
      installedDriver: "535.161.05",
      loadedDriver: "535.161.05",
    },
    `VGPU_PREREQUISITE gpu-01: driver 535.161.05 is installed, and no uninstaller of the vendor's is there to take it away
Saw: /lib/modules/6.1.0-13-amd64/updates/dkms/nvidia.ko, brought by the package nvidia-vgpu-ubuntu-535; no nvidia-uninstall
Expected: no other driver than 550.127.06, or one that nvidia-uninstall can remove
Next: remove the package (apt-get remove nvidia-vgpu-ubuntu-535, or dnf or zypper remove nvidia-vgpu-ubuntu-535), reboot, run again`,
  ],
  [
    "another version that nobody knows the origin of",
    {
      ...found({ moduleOnDisk: { file: "/lib/modules/k/nvidia.ko", package: null } }),
      installedDriver: "535.161.05",
    },
    `VGPU_PREREQUISITE gpu-01: driver 535.161.05 is installed, and no uninstaller of the vendor's is there to take it away
Saw: /lib/modules/k/nvidia.ko, brought by no package that is known; no nvidia-uninstall
Expected: no other driver than 550.127.06, or one that nvidia-uninstall can remove
Next: remove that driver in the way in which it was installed, reboot, run again`,
  ],
  [
    "a kernel without what vGPU is built on",
    found({
      kernelConfig: { file: "/boot/config-6.1.0-13-amd64", options: new Set(["CONFIG_VFIO_IOMMU_TYPE1"]) },
    }),
    `VGPU_PREREQUISITE gpu-01: the kernel lacks what vGPU manager 550.127.06 is built on
Saw: no CONFIG_KVM_VFIO, no CONFIG_VFIO_MDEV or CONFIG_VFIO_PCI_CORE in /boot/config-6.1.0-13-amd64
Expected: CONFIG_KVM_VFIO, CONFIG_VFIO_MDEV or CONFIG_VFIO_PCI_CORE, built in or as modules
Next: boot a kernel of the distribution that has them, or declare a release that does without, run again`,
  ],
  [
    "a GPU that a driver of somebody else has",
    hostFacts({ gpus: [gpuFacts({ driver: "pci-stub" })] }),
    `VGPU_PREREQUISITE gpu-01 0000:3b:00.0: another driver has this GPU
Saw: driver pci-stub
Expected: nouveau, nova_core, nvidia, or no driver
Next: keep pci-stub from taking it (modprobe.d, driver_override or the kernel command line), reboot, run again`,
  ],
];

describe("what is told before anything is installed", () => {
  it.each(texts)("is %s", (_title, facts, text) => {
    expect(refusals(facts)).toEqual([text]);
    const [{ property } = {}] = planHost(desiredHost(), facts).refusals;
    expect(property).toMatch(/^(driver|driver\.(package|release)|gpus\[.*\])$/);
  });

  it("is asked of nobody who installs nothing", () => {
    const { installation: ready } = finishedHost();
    const facts = {
      ...finishedHost(),
      tools: new Set<string>(),
      installation: {
        ...ready,
        libcHeaders: false,
        alternateInstall: "/usr/lib/nvidia/alternate-install-present",
        xServers: [{ lock: "/tmp/.X0-lock", pid: 812, name: "Xorg" }],
        kernelConfig: { file: "/boot/config-x", options: new Set<string>() },
        imagesKept: ["update_initramfs=no in /etc/x"],
        installerFolders: [{ path: "/srv/c", mount: "/", freeKib: 0, options: ["noexec"] }],
        moduleOnDisk: { file: "/lib/modules/k/nvidia.ko", package: "nvidia-vgpu-ubuntu-550" },
      },
    };
    expect(planHost(desiredHost(), facts)).toEqual({ steps: [], refusals: [] });
  });
});

describe("what is no reason to refuse", () => {
  it.each(["nova_core", "nova-core", "NovaCore", "nouveau"])("is the kernel's own driver %s", (driver) => {
    expect(refusals(hostFacts({ gpus: [gpuFacts({ driver })] }))).toEqual([]);
  });

  it("is a packaged vGPU manager where no driver is declared", () => {
    const moduleOnDisk = { file: "/lib/modules/k/nvidia.ko", package: "nvidia-vgpu-ubuntu-550" };
    const { installation } = installationOf({ moduleOnDisk });
    expect(refusals({ ...finishedHost(), installation }, { driver: null })).toEqual([]);
  });

  it("is gcc, where it is cc's absence that is not meant", () => {
    const [text] = refusals({ ...bare, tools: new Set(["cc", "gcc", "ld"]) });
    expect(text).toContain("Saw: no make\n");
  });
});

describe("an X server without a name", () => {
  it("is called unnamed", () => {
    const [text] = refusals(found({ xServers: [{ lock: "/tmp/.X1-lock", pid: 9, name: "" }] }));
    expect(text).toContain("/tmp/.X1-lock of process 9 (unnamed)");
  });
});
