// The beds that the suite is run on, simulated and of the lab: what is known of each before it is asked.
import type { BedFacts } from "./contract.js";

const host = { kind: "host", distribution: "deb", driverVersion: "550.127.06" } as const;

const simulated = {
  ...host,
  column: "simulated",
  sudoer: "admin",
  installedPackage: "libvirt-daemon-system",
  packagePath: "/root/NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run",
} as const;

const turing = {
  gpu: "0000:3b:00.0",
  vgpuInterface: "mdev-on-pf",
  shownVfs: 16,
  totalVfs: 0,
  types: { one: "GRID T4-4Q", sameSize: "GRID T4-4A", otherSize: "GRID T4-8Q" },
} as const;

const ampere = {
  gpu: "0000:41:00.0",
  vgpuInterface: "mdev-on-vf",
  shownVfs: 32,
  totalVfs: 32,
  types: { one: "NVIDIA A40-4Q", sameSize: "NVIDIA A40-4A", otherSize: "NVIDIA A40-8Q" },
} as const;

const ada = {
  gpu: "0000:26:00.0",
  vgpuInterface: "vendor-vfio",
  shownVfs: 32,
  totalVfs: 32,
  types: { one: "NVIDIA L40S-4Q", sameSize: "NVIDIA L40S-4A", otherSize: "NVIDIA L40S-8Q" },
} as const;

const vgpu = {
  kind: "guest",
  gpu: "0000:06:00.0",
  vgpuInterface: "mdev-on-vf",
  totalVfs: 0,
  types: ampere.types,
  driverVersion: "550.127.05",
} as const;

const lab = { sudoer: "admin", installedPackage: "libvirt-daemon-system", dkms: true } as const;
const labHost = { ...host, ...lab, packagePath: simulated.packagePath } as const;

/** Machines of the lab, by their kind. */
export const labBeds = {
  turing: { ...labHost, ...turing, column: "bookworm", name: "lab: Debian 12, T4", mdevctl: true },
  ampere: { ...labHost, ...ampere, column: "bookworm", name: "lab: Debian 12, A40", mdevctl: true },
  ada: { ...labHost, ...ada, column: "trixie", name: "lab: Debian 13, L40S", mdevctl: true },
  mtty: {
    ...labHost,
    column: "bookworm",
    name: "lab: Debian 12, mtty",
    kind: "mdev parent",
    mdevctl: true,
    gpu: "mtty",
    vgpuInterface: "mdev-on-parent",
    totalVfs: 0,
    types: { one: "Single port serial", sameSize: "Single port serial", otherSize: "Dual port serial" },
  },
  guest: {
    ...lab,
    ...vgpu,
    distribution: "deb",
    column: "bookworm",
    name: "lab: Debian 12 as a guest",
    mdevctl: false,
    installedPackage: "qemu-guest-agent",
    packagePath: "/root/NVIDIA-Linux-x86_64-550.127.05-grid.run",
  },
} satisfies Record<string, BedFacts>;

/** Simulated machines, by the kind that is started. */
export const simulatedBeds = {
  turingLegacy: { ...simulated, ...turing, name: "simulated T4", mdevctl: false, dkms: false },
  ampereMdev: { ...simulated, ...ampere, name: "simulated A40", mdevctl: true, dkms: true },
  ampereRpm: {
    ...simulated,
    ...ampere,
    name: "simulated A40, rpm",
    distribution: "rpm",
    installedPackage: "libvirt",
    mdevctl: true,
    dkms: false,
  },
  adaVendorVfio: { ...simulated, ...ada, name: "simulated L40S", mdevctl: false, dkms: false },
  linuxGuest: {
    ...simulated,
    ...vgpu,
    name: "simulated guest",
    mdevctl: false,
    dkms: false,
    installedPackage: "openssl",
    packagePath: "/root/NVIDIA-Linux-x86_64-550.127.05-grid.run",
  },
} satisfies Record<string, BedFacts>;

/** Contracts that were written after the last whole run of the lab. */
const notYet = [
  "flock/shown-by-the-kernel",
  "sh/same-file",
  "proc/uptime",
  "proc/control-group",
  "proc/mounts",
  "update-initramfs/told-no",
  "grep/nul",
  "xargs/shared",
  "gzip/packed-script",
  "systemd/has-started-it",
  "run/blocks-nouveau",
  "run/header",
  "run/no-exec",
  "run/refused-late",
  "run/log",
  "uninstall/log",
  "mdev/mtty-ports",
  "mdev/group-number",
  "proc/first-namespace",
];

/**
 * What has been shown in the lab: kinds whose whole ladder was run, with the contracts that did not pass in that run. The
 * page docs/contracts.md claims no more than this; a kind is added when its file in test/lab/contracts has passed.
 */
export const shownInLab: Partial<Record<keyof typeof labBeds, readonly string[]>> = {
  turing: notYet,
  ampere: notYet,
  ada: notYet,
  mtty: notYet,
  guest: notYet,
};
