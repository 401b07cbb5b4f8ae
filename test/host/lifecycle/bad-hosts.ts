import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { headersAdvice } from "../../../provider/plan/prerequisites/headers-package.js";
import type { HostBed, HostChoice } from "./bed.js";

/** A host that cannot be what is declared, and the one message about it. */
export interface BadHost {
  readonly title: string;
  readonly choice?: HostChoice;
  /** What is done to the machine beforehand. */
  prepare?(host: HostBed): Promise<void> | void;
  /** Inputs of the host's resource in place of the good ones. */
  inputs?(host: HostBed): Record<string, unknown>;
  readonly property: string;
  /** Lines of the one message. */
  readonly text: readonly string[];
}

const gpu = "0000:41:00.0";
const toolsAdvice =
  "Next: install them with the distribution's package manager: build-essential (Debian, Ubuntu), or gcc, make, binutils and glibc-devel (RHEL, SUSE)";
const packageName = "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run";

/** Every kind of host that `check` refuses. */
export const badHosts: readonly BadHost[] = [
  {
    title: "the IOMMU is off",
    choice: { kind: { iommu: false } },
    property: "gpus",
    text: [
      "VGPU_PREREQUISITE gpu-host: IOMMU is off",
      "Saw: no unit in /sys/class/iommu; kernel command line: BOOT_IMAGE=/vmlinuz root=/dev/sda2 ro quiet",
      "Expected: VT-d or AMD-Vi on in the firmware, and intel_iommu=on or amd_iommu=on for the kernel",
      "Next: turn it on in the firmware and on the kernel command line, reboot, run again",
    ],
  },
  {
    title: "the GPU drives the console",
    choice: { kind: { bootVga: true } },
    property: `gpus["${gpu}"]`,
    text: [
      "VGPU_PREREQUISITE gpu-host 0000:41:00.0: this GPU drives the host's console",
      "Saw: boot_vga is 1 (/sys/bus/pci/devices/0000:41:00.0/boot_vga)",
      "Expected: another display adapter as the primary one",
      "Next: make another adapter primary in the firmware, or leave this GPU out of gpus",
    ],
  },
  {
    title: "a driver of the distribution is installed",
    choice: { kind: { distributionDriver: true } },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: a distribution NVIDIA driver is installed",
      "Saw: packages nvidia-driver-535",
      "Expected: no NVIDIA driver beside the declared one",
      "Next: remove these packages with the distribution's package manager, reboot, run again",
    ],
  },
  {
    title: "kernel headers are missing",
    choice: { kind: { headers: false } },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: kernel headers are missing",
      "Saw: no /lib/modules/<kernel>/build",
      "Expected: the headers of the running kernel, for the installer to build its modules",
      "Next: <headers>",
    ],
  },
  {
    title: "there is no compiler",
    choice: { kind: { compiler: false } },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: build tools are missing",
      "Saw: no cc, no make, no ld",
      "Expected: cc, make, ld and the headers of the C library, for the installer to build its modules",
      toolsAdvice,
    ],
  },
  {
    title: "there are no headers of the C library",
    choice: { kind: { libcHeaders: false } },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: build tools are missing",
      "Saw: no /usr/include/stdio.h",
      "Expected: cc, make, ld and the headers of the C library, for the installer to build its modules",
      toolsAdvice,
    ],
  },
  {
    title: "an admin holds half-installed packages of a driver, among packages that only are called so",
    choice: {
      machine: {
        packages: {
          "nvidia-driver-local-repo-ubuntu2204-535.161.07": "1.0",
          "nvidia-driver-pinning-580": "580",
          "nvidia-driver-assistant": "0.22",
          "libnvidia-container1": "1.17",
          "nvidia-driver-470": "470.256.02",
          "nvidia-driver-535": "535.183.01",
          "nvidia-dkms-535": "535.183.01",
        },
        packageStates: { "nvidia-driver-470": "rc ", "nvidia-driver-535": "hi ", "nvidia-dkms-535": "iF " },
        packageFiles: {
          "nvidia-driver-local-repo-ubuntu2204-535.161.07": ["/var/nvidia-driver-local-repo/Packages"],
          "nvidia-driver-pinning-580": ["/etc/apt/preferences.d/nvidia-driver-pinning-580"],
          "nvidia-driver-assistant": ["/usr/bin/nvidia-driver-assistant"],
          "libnvidia-container1": ["/usr/lib/x86_64-linux-gnu/libnvidia-container.so.1"],
          "nvidia-driver-535": ["/usr/share/doc/nvidia-driver-535/copyright"],
          "nvidia-dkms-535": ["/usr/src/nvidia-535.183.01/dkms.conf"],
        },
      },
    },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: a distribution NVIDIA driver is installed",
      "Saw: packages nvidia-dkms-535, nvidia-driver-535 (held)",
      "Expected: no NVIDIA driver beside the declared one",
      "Next: lift the hold (apt-mark unhold nvidia-driver-535), remove these packages with the distribution's package manager, reboot, run again",
    ],
  },
  {
    title: "the distribution keeps the vendor's installer away",
    choice: { machine: { files: { "/usr/lib/nvidia/alternate-install-present": "" } } },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: the distribution keeps the vendor's installer away",
      "Saw: /usr/lib/nvidia/alternate-install-present",
      "Expected: no such file: the installer ends without installing anything where it is",
      "Next: remove the package that brings it (dpkg -S /usr/lib/nvidia/alternate-install-present, or rpm -qf /usr/lib/nvidia/alternate-install-present, names it), run again",
    ],
  },
  {
    title: "the kernel has neither mdev nor the core of vfio-pci",
    prepare: (host) =>
      host.machine.writeFile(`/boot/config-${release()}`, "CONFIG_KVM_VFIO=y\nCONFIG_VFIO_IOMMU_TYPE1=m\n"),
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: the kernel lacks what vGPU manager 550.127.06 is built on",
      "Saw: no CONFIG_VFIO_MDEV or CONFIG_VFIO_PCI_CORE in /boot/config-<kernel>",
      "Expected: CONFIG_VFIO_MDEV or CONFIG_VFIO_PCI_CORE, built in or as modules",
      "Next: boot a kernel of the distribution that has them, or declare a release that does without, run again",
    ],
  },
  {
    title: "secure boot is on",
    choice: { kind: { secureBoot: true } },
    property: "driver",
    text: [
      "VGPU_PREREQUISITE gpu-host: secure boot is on",
      "Saw: SecureBoot enabled (mokutil --sb-state)",
      "Expected: secure boot off: modules signed with an own key are not supported yet",
      "Next: turn secure boot off in the firmware, run again",
    ],
  },
  {
    title: "there is no such GPU",
    inputs: () => ({ gpus: { "0000:99:00.0": { usage: "vgpu" } } }),
    property: 'gpus["0000:99:00.0"]',
    text: [
      "VGPU_NO_SUCH_GPU gpu-host 0000:99:00.0: there is no NVIDIA GPU at this address",
      "Saw: NVIDIA GPUs at 0000:41:00.0 (10de:25b6)",
      "Expected: the address of a physical function, as lspci -D prints it",
      "Next: declare one of these addresses",
    ],
  },
  {
    title: "the reboot is not allowed",
    inputs: () => ({ reboot: { allow: false } }),
    property: "reboot.allow",
    text: [
      "VGPU_REBOOT_NEEDED gpu-host: 2 reboots are needed and not allowed",
      "Saw: nouveau is loaded; vGPU manager 550.127.06 needs a boot after its installation",
      "Expected: the program's word for it",
      "Next: add reboot: { allow: true } to the resource",
    ],
  },
  {
    title: "another stack manages it",
    prepare: (host) =>
      host.machine.writeFile("/etc/pulumi-vgpu/host", "owner=fleet/other/gpu-1\nnouveau=loaded\n"),
    property: "connection",
    text: [
      "VGPU_CLAIM_CONFLICT gpu-host: cannot manage this host",
      "Saw: it is managed by fleet/other/gpu-1 (/etc/pulumi-vgpu/host)",
      "Expected: no owner, or fleet/test/gpu-host",
      "Next: manage it in one place: destroy it there; if that was this stack under another name, rename it by pulumi stack rename, which keeps its state; or, when fleet/other/gpu-1 is gone for good, remove /etc/pulumi-vgpu/host on the host",
    ],
  },
  {
    title: "the package is another file",
    inputs: (host) => {
      const path = join(host.folder, packageName);
      copyFileSync(host.part.packages.manager.path, path);
      appendFileSync(path, "x");
      return { driver: { release: "17.4", package: { path, sha256: host.part.packages.manager.sha256 } } };
    },
    property: "driver.package",
    text: [
      "VGPU_PACKAGE_MISMATCH gpu-host: the driver package is another file than declared",
      "Saw: sha256 <other hash> (<folder>/NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run)",
      "Expected: sha256 <hash>",
      "Next: fetch the package again, or declare the hash of the file that is meant",
    ],
  },
];

/** Returns the message about a host, with what differs from machine to machine filled in. */
export function messageOf(bad: BadHost, host: HostBed): string {
  const other = createHash("sha256")
    .update(`${readFileSync(host.part.packages.manager.path, "latin1")}x`, "latin1")
    .digest("hex");
  return bad.text
    .join("\n")
    .replaceAll("<kernel>", release())
    .replace("<headers>", headersAdvice(release(), { id: "debian", like: [], version: "12" }))
    .replace("<folder>", host.folder)
    .replace("<other hash>", other)
    .replace("<hash>", host.part.packages.manager.sha256);
}
