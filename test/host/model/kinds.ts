import { existsSync } from "node:fs";
import type { MachineKind, MachineOptions } from "../types.js";
import { compilerPaths } from "./compiler.js";
import type { HostFaults } from "./faults.js";
import { GpuModel } from "./gpu-model.js";
import { GuestModel } from "./guest-model.js";
import type { GpuSlot } from "./host-topology.js";
import { mdevctlRulePath, mdevctlRuleText } from "./mdevctl-rule.js";
import { MttyModel } from "./mtty-model.js";

/** What a host of a kind differs in from the good one. Plain data: it crosses to the simulator's process. */
export interface HostKindOptions {
  /** Instead of the kind's one GPU. */
  readonly gpus?: readonly GpuSlot[];
  /** The IOMMU is off. @default true */
  readonly iommu?: boolean;
  /** The first GPU drives the console. @default false */
  readonly bootVga?: boolean;
  /** A driver package of the distribution is installed. @default false */
  readonly distributionDriver?: boolean;
  /** Kernel headers are there. @default true */
  readonly headers?: boolean;
  /** @default true */
  readonly compiler?: boolean;
  /** The headers of the C library. @default true */
  readonly libcHeaders?: boolean;
  /** The kernel has nova_core, its newer driver of NVIDIA's GPUs. @default false */
  readonly nova?: boolean;
  /** @default false */
  readonly secureBoot?: boolean;
  readonly faults?: Partial<HostFaults>;
  /** @default the kind's own distribution */
  readonly distribution?: "debian-12" | "ubuntu-22.04" | "ubuntu-24.04" | "rocky-9";
  /** Whether dkms is installed. @default false */
  readonly dkms?: boolean;
  /** Whether mdevctl is installed. @default the kind's own */
  readonly mdevctl?: boolean;
}

export interface GuestKindOptions {
  /** The only token that the license server knows. @default any that is not empty */
  readonly acceptedToken?: string;
  /** @default 200 */
  readonly licenseDelayMs?: number;
  readonly restrictAfterMs?: number;
  /** @default true */
  readonly headers?: boolean;
  /** @default true */
  readonly compiler?: boolean;
  readonly secureBoot?: boolean;
}

/** One Tesla T4: legacy mdevs on the PF. Debian-like, without mdevctl. */
export function turingLegacy(options: HostKindOptions = {}): MachineKind {
  return host(options, {
    gpu: { board: "Tesla T4", address: "0000:3b:00.0" },
    sriovInterface: "mdev",
    distribution: "debian-12",
    mdevctl: false,
  });
}

/** One NVIDIA A40 whose 32 VFs carry mdevs. Ubuntu-22.04-like, with mdevctl. */
export function ampereMdev(options: HostKindOptions = {}): MachineKind {
  return host(options, {
    gpu: { board: "NVIDIA A40", address: "0000:41:00.0" },
    sriovInterface: "mdev",
    distribution: "ubuntu-22.04",
    mdevctl: true,
  });
}

/** One NVIDIA L40S with 32 vendor-specific VFIO functions and no mdev at all. Ubuntu-24.04-like. */
export function adaVendorVfio(options: HostKindOptions = {}): MachineKind {
  return host(options, {
    gpu: { board: "NVIDIA L40S", address: "0000:26:00.0" },
    sriovInterface: "vendor-vfio",
    distribution: "ubuntu-24.04",
    mdevctl: false,
  });
}

/** A server without NVIDIA GPUs, with the kernel's sample mdev driver mtty. Debian-like, with mdevctl. */
export function mttyHost(options: HostKindOptions & { readonly loadAfterMs?: number } = {}): MachineKind {
  const { model, options: machine } = host(
    { ...options, gpus: [] },
    { sriovInterface: "mdev", distribution: "debian-12", mdevctl: true },
  );
  const listed = options.loadAfterMs === undefined ? { "/etc/modules-load.d/mtty.conf": "mtty\n" } : {};
  return {
    model: new MttyModel(model as GpuModel, options.loadAfterMs),
    options: { ...machine, files: { ...machine.files, ...listed } },
  };
}

/** A Linux guest: off until it is tied to a vGPU that exists. */
export function linuxGuest(options: GuestKindOptions = {}): MachineKind {
  const model = new GuestModel({
    compiler: options.compiler !== false,
    ...(options.secureBoot === undefined ? {} : { secureBoot: options.secureBoot }),
  });
  model.setLicensing({
    ...(options.acceptedToken === undefined ? {} : { acceptedToken: options.acceptedToken }),
    ...(options.licenseDelayMs === undefined ? {} : { delayMs: options.licenseDelayMs }),
    ...(options.restrictAfterMs === undefined ? {} : { restrictAfterMs: options.restrictAfterMs }),
  });
  return {
    model,
    options: {
      osRelease: systems["ubuntu-24.04"],
      packageFormat: "deb",
      packages: { "linux-image-generic": "6.8.0", openssl: "3.0.13" },
      kernelHeaders: options.headers !== false,
      kernelCommandLine: "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet",
      absent: hidden({ compiler: options.compiler !== false, mdevctl: false }),
      files: libcHeaders,
      startsOff: true,
      virtual: true,
      ...(options.secureBoot === undefined ? {} : { secureBoot: options.secureBoot }),
    },
  };
}

interface HostKind {
  readonly gpu?: GpuSlot;
  readonly sriovInterface: "mdev" | "vendor-vfio";
  readonly distribution: keyof typeof systems;
  readonly mdevctl: boolean;
}

const systems = {
  "debian-12": {
    NAME: "Debian GNU/Linux",
    ID: "debian",
    VERSION_ID: "12",
    PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)",
  },
  "ubuntu-22.04": {
    NAME: "Ubuntu",
    ID: "ubuntu",
    ID_LIKE: "debian",
    VERSION_ID: "22.04",
    PRETTY_NAME: "Ubuntu 22.04.5 LTS",
  },
  "ubuntu-24.04": {
    NAME: "Ubuntu",
    ID: "ubuntu",
    ID_LIKE: "debian",
    VERSION_ID: "24.04",
    PRETTY_NAME: "Ubuntu 24.04.1 LTS",
  },
  "rocky-9": {
    NAME: "Rocky Linux",
    ID: "rocky",
    ID_LIKE: "rhel centos fedora",
    VERSION_ID: "9.5",
    PRETTY_NAME: "Rocky Linux 9.5 (Blue Onyx)",
  },
};

function host(options: HostKindOptions, kind: HostKind): MachineKind {
  const slots = options.gpus ?? (kind.gpu === undefined ? [] : [kind.gpu]);
  const gpus = slots.map((slot, index) =>
    options.bootVga && index === 0 ? { ...slot, bootVga: true } : slot,
  );
  const mdevctl = options.mdevctl ?? kind.mdevctl;
  const distribution = options.distribution ?? kind.distribution;
  const compiler = options.compiler !== false;
  const realMdevctl = mdevctlPaths.some((path) => existsSync(path));
  const secureBoot = options.secureBoot === undefined ? {} : { secureBoot: options.secureBoot };
  const model = new GpuModel({
    gpus,
    iommu: options.iommu !== false,
    sriovInterface: kind.sriovInterface,
    mdevctl: !mdevctl ? "none" : realMdevctl ? "real" : "stand-in",
    mdevctlMisplaced: distribution === "debian-12",
    lspci: !existsSync("/usr/bin/lspci"),
    compiler,
    dkms: options.dkms === true,
    nova: options.nova === true,
    ...secureBoot,
  });
  model.setFaults(options.faults ?? {});
  const machine: MachineOptions = {
    osRelease: systems[distribution],
    packageFormat: distribution === "rocky-9" ? "rpm" : "deb",
    packages: packagesOf(distribution, options.distributionDriver === true),
    kernelHeaders: options.headers !== false,
    kernelCommandLine: `BOOT_IMAGE=/vmlinuz root=/dev/sda2 ro quiet${options.iommu === false ? "" : " intel_iommu=on iommu=pt"}`,
    absent: hidden({ compiler, mdevctl, libcHeaders: options.libcHeaders !== false }),
    files: {
      ...(options.libcHeaders === false ? {} : libcHeaders),
      ...(mdevctl ? { [mdevctlRulePath]: mdevctlRuleText } : {}),
    },
    ...secureBoot,
  };
  return { model, options: machine };
}

const libcHeaders = { "/usr/include/stdio.h": "/* a stand-in */\n" };
const mdevctlPaths = ["/usr/sbin/mdevctl", "/usr/bin/mdevctl"];

/** Programs of the real /usr that would make a machine other than its kind. */
function hidden(has: { compiler: boolean; mdevctl: boolean; libcHeaders?: boolean }): string[] {
  return [
    ...(has.compiler ? [] : [...compilerPaths, "/usr/bin/c99", "/usr/bin/clang"]),
    ...(has.libcHeaders === false ? Object.keys(libcHeaders) : []),
    ...(has.mdevctl ? [] : mdevctlPaths),
    "/usr/bin/nvidia-smi",
    "/usr/sbin/dkms",
  ];
}

function packagesOf(distribution: keyof typeof systems, driver: boolean): Record<string, string> {
  const packages: Record<string, string> =
    distribution === "rocky-9"
      ? { kernel: "5.14.0", "qemu-kvm": "9.0.0", libvirt: "10.5.0" }
      : { "linux-image-generic": "6.8.0", "qemu-system-x86": "8.2.2", "libvirt-daemon-system": "10.0.0" };
  if (driver) packages[distribution === "rocky-9" ? "kmod-nvidia" : "nvidia-driver-535"] = "535.183.01";
  return packages;
}
