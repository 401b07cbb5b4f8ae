import type { LabRelease } from "./image-store.js";

/** What an image is made of. */
export interface Recipe {
  readonly release: LabRelease;
  /** All that is installed; apt adds what these depend on, and no recommendations. */
  readonly packages: readonly string[];
  /**
   * Installed is the kernel of the release itself; the security archive's newer one lies beside it, not installed,
   * for updating without a network.
   */
  readonly kernelUpdate: boolean;
  /** Has the kernel's sample mdev driver. */
  readonly mtty: boolean;
}

/** What a host or a guest has that somebody runs. */
const common = [
  // The system.
  ...[
    "systemd-sysv",
    "udev",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "iproute2",
    "kmod",
    "procps",
  ],
  // The kernel; lz4 packs its initramfs, dkms builds for it.
  ...[
    "linux-image-amd64",
    "linux-headers-amd64",
    "initramfs-tools",
    "lz4",
    "dkms",
    "gcc",
    "make",
    "libc6-dev",
  ],
  // What an administrator of such a host has, and the provider calls.
  ...["pciutils", "mdevctl", "jq", "mokutil", "ca-certificates"],
  // Virtual machines in the machine, and what one that is a guest runs.
  ...["libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-guest-agent"],
];

export const recipes: Readonly<Record<LabRelease, Recipe>> = {
  bookworm: { release: "bookworm", packages: common, kernelUpdate: true, mtty: true },
  trixie: {
    release: "trixie",
    // Apart since Debian 13.
    packages: [...common, "libvirt-daemon-driver-qemu"],
    kernelUpdate: false,
    mtty: false,
  },
};
