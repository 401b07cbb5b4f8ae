import type { SettingFacts, SettingRecord } from "./gpu-settings.js";
import type { InstallationFacts } from "./installation-facts.js";
import type { PciAddress } from "./pci-address.js";

/** How an NVIDIA GPU's vGPUs are made. Detected on the host, never assumed. Source: mdev.md section 1. */
export type GpuInterface = "mdev-on-pf" | "mdev-on-vf" | "vendor-vfio";

/** How a vGPU is made; `"mdev-on-parent"`: as an mdev of a device that is not NVIDIA's. */
export type VgpuInterface = GpuInterface | "mdev-on-parent";

/** A process that has a VFIO file open, and so uses a vGPU or a passed-through function. */
export interface Holder {
  readonly pid: number;
  /** libvirt's domain name or QEMU's `-name`, else the program's name. */
  readonly domainName: string;
}

/** A process that has NVIDIA's driver open: while one has, the driver may refuse to give up a GPU. */
export interface DriverClient {
  readonly pid: number;
  /** The program's name, `""` where it was not asked for. */
  readonly name: string;
  /** The unit of systemd that it runs in, e.g. `"dcgm-exporter.service"`, `"docker-<id>.scope"`; `null` when it is in none. */
  readonly unit: string | null;
  /** Whether that unit is a service of the system that `systemctl stop` ends, and no container or session inside one. */
  readonly service: boolean;
  /** The files below `/dev` that it has open. */
  readonly files: readonly string[];
}

/** A vGPU type that the installed driver offers on a GPU. */
export interface OfferedType {
  /** Number of the type on this host and driver, e.g. `560`. Never identity: names are. */
  readonly vgpuTypeId: number;
  /** Full name, e.g. `"NVIDIA A40-4Q"`. */
  readonly name: string;
  /** Reserved on the GPU; `null` where the host does not say it (vendor-specific VFIO). */
  readonly framebufferMiB: number | null;
  /** Most vGPUs of this type on the GPU; `null` where the host does not say it. */
  readonly maxInstances: number | null;
  /** How many more of it a free function takes now; `null` where no function is free to say it. */
  readonly available: number | null;
}

/** A vGPU that exists now. */
export interface LiveVgpu {
  /** The mdev's UUID; `null` on a vendor-specific VFIO function, which has none. */
  readonly mdevUuid: string | null;
  /** What carries it: the PF of a legacy board, else a VF; the device itself where it is not NVIDIA's. */
  readonly parent: string;
  /** `null` where types have no number: on devices that are not NVIDIA's. */
  readonly vgpuTypeId: number | null;
  /** `null` when the host does not name the number. On a device that is not NVIDIA's the mdev type, e.g. `"mtty-2"`. */
  readonly typeName: string | null;
  readonly holders: readonly Holder[];
  /** Its removal has begun and waits in the kernel for the process that has it open; it is of no use any more. */
  readonly removing?: true;
}

/** One physical GPU as the host shows it, with what its settings add. */
export interface GpuFacts extends SettingFacts {
  readonly address: PciAddress;
  /** `"10de:2235"` */
  readonly deviceId: string;
  /** `"10de:145a"` */
  readonly subsystemId: string;
  readonly driver: string | null;
  /** Whether it drives the host's console. */
  readonly bootVga: boolean;
  readonly iommuGroup: number | null;
  readonly vgpuInterface: GpuInterface | null;
  /** What NVIDIA's driver said of it to the kernel's log in this boot, line by line; asked for where no driver has the GPU. */
  readonly kernelLog: readonly string[];
  /** Why the GPU offers no vGPU types; `null` when it offers some or is full. */
  readonly absence: string | null;
  readonly offeredTypes: readonly OfferedType[];
  /** Whether these are all types of the GPU, and not only those that there is room for now (vendor-specific VFIO whose nvidia-smi does not answer). */
  readonly allTypesKnown: boolean;
  readonly vgpus: readonly LiveVgpu[];
}

/** An mdev type of a device that is not NVIDIA's. */
export interface MdevType {
  /** Name of its directory under `mdev_supported_types`, e.g. `"mtty-2"`: its identity. */
  readonly mdevType: string;
  /** Its name for people, e.g. `"Dual port serial"`; the driver need not give one. */
  readonly name: string;
  /** On one line; `null` where the driver gives none. */
  readonly description: string | null;
  /** What a VM takes it for, e.g. `"vfio-pci"`, `"vfio-ccw"`. */
  readonly deviceApi: string;
  /** How many more of it can be made now. Types may share what they are made of. */
  readonly availableInstances: number;
}

/** A device that carries mdevs and is not NVIDIA's: an Intel GPU, the kernel's mtty. */
export interface MdevParentFacts {
  /** Its name under `/sys/class/mdev_bus`, e.g. `"mtty"`, `"0000:00:02.0"`. */
  readonly name: string;
  readonly vgpuInterface: "mdev-on-parent";
  readonly types: readonly MdevType[];
  readonly vgpus: readonly LiveVgpu[];
}

/** A definition that mdevctl keeps. */
export interface MdevDefinition {
  readonly mdevUuid: string;
  readonly parent: string;
  readonly mdevType: string;
  readonly start: "auto" | "manual";
}

/** What our manifest on the machine notes about one vGPU. */
export interface VgpuRecord {
  readonly uuid: string;
  readonly state: "intent" | "done";
  /** `"project/stack"` */
  readonly owner: string;
  readonly name: string;
  /** PCI address of its GPU; on a device that is not NVIDIA's the device's name. */
  readonly carrier: string;
  readonly parent: string;
  readonly typeName: string;
  /** Whether the program protects or retains it. */
  readonly keep: boolean;
  /** Whether it was there before us; such a one is never removed. */
  readonly adopted: boolean;
}

/** What our manifest on a machine says of it and its driver: only things that we put there. */
export interface MachineManifest {
  /** Format of the records, as it is written there; `"1"` where nothing is. */
  readonly format: string;
  /** `"project/stack/resource"` that manages the machine; `null` when nobody does. */
  readonly owner: string | null;
  /** Whether nouveau ran when we took the machine over. */
  readonly nouveauFound: boolean;
  readonly nouveauBlock: "intent" | "done" | null;
  /** The boot in which it was blocked and every kernel's image made anew; not there in a record of an older version. */
  readonly nouveauBlockBoot?: string;
  /** The driver that we installed; `bootId` is the boot in which that happened. */
  readonly driver: {
    readonly state: "intent" | "done";
    readonly version: string;
    readonly bootId: string;
  } | null;
}

/** What our manifest on a host says. */
export interface HostManifest extends MachineManifest {
  /** Stacks, each `"project/stack"`, that managed the host under another name of theirs: its vGPUs may be noted for one yet. */
  readonly formerStacks: readonly string[];
  /** sha256 of the files of our boot unit that are there, by file name. */
  readonly bootFiles: Readonly<Record<string, string>>;
  /** What is noted of each GPU whose settings we changed, or need as they are. */
  readonly gpus: Readonly<Record<PciAddress, SettingRecord>>;
  readonly vgpus: readonly VgpuRecord[];
}

/** What our manifest in a guest says. */
export interface GuestManifest extends MachineManifest {
  /** The license settings that we wrote; `intent`: nvidia-gridd has not been restarted with them. */
  readonly gridd: { readonly state: "intent" | "done" } | null;
}

/** What one service of systemd does now. */
export interface ServiceFacts {
  readonly load: string;
  readonly active: string;
  readonly result: string;
  readonly enabled: boolean;
}

/** A part of the look that could not be finished: what it asks for is unknown, never absent. */
export interface UnreadPart {
  /**
   * `"processes"`: which VMs run, and who has VFIO files open. `"devices"`: what the kernel shows of GPUs and vGPUs. `"driver"`: the module nvidia on disk. `"services"`: what systemd says of them. `"types"`: names of types in use. `"mdevctl"`: its definitions.
   * `"license"`: a guest's settings.
   */
  readonly part: "processes" | "devices" | "driver" | "services" | "types" | "mdevctl" | "license";
  /** Why, in the words of the program that failed. */
  readonly saw: string;
}

/** What tells a vGPU host from a guest, whatever the machine is taken for. */
export interface MachineRole {
  /** `"project/stack/resource"` that manages it as a vGPU host; `null` when nobody does. */
  readonly hostOwner: string | null;
  /** `"project/stack/resource"` that manages it as a guest; `null` when nobody does. */
  readonly guestOwner: string | null;
  /** What shows that a vGPU manager is there, each with its source; empty when nothing does. */
  readonly vgpuManager: readonly string[];
  /** Files of a guest driver. */
  readonly guestDriver: readonly string[];
  /** Whether it is a VM; `null` when nothing tells. */
  readonly virtual: boolean | null;
  /** What tells it, with its source. */
  readonly virtualBy: string;
  /** Programs that run VMs. */
  readonly vmPrograms: readonly string[];
}

/** What every Linux machine is asked, host or guest. */
export interface MachineFacts {
  readonly machineId: string;
  readonly bootId: string;
  readonly hostname: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly osName: string;
  readonly secureBoot: "enabled" | "disabled" | "unknown";
  readonly tools: ReadonlySet<string>;
  readonly kernelHeaders: boolean;
  readonly nouveauLoaded: boolean;
  /** Files of modprobe.d that block nouveau. */
  readonly nouveauBlockedBy: readonly string[];
  /** What the vendor's installer needs and what it stumbles on. */
  readonly installation: InstallationFacts;
  /** Version of the loaded module `nvidia`; `null` when it is not loaded. */
  readonly loadedDriver: string | null;
  /** Version of the module `nvidia` on disk for the running kernel; `null` when there is none. */
  readonly installedDriver: string | null;
  /** Where there is none for the running kernel: those on disk for other kernels. */
  readonly otherKernelDrivers: readonly { readonly kernel: string; readonly version: string }[];
  /** Versions of NVIDIA's driver that DKMS has. */
  readonly dkmsDrivers: readonly string[];
  /** Those of them that it has built for some kernel. */
  readonly dkmsBuilt: readonly string[];
  /** Where there is none for the running kernel: what `dkms status` says of NVIDIA's modules, line by line. */
  readonly dkmsStatus: readonly string[];
  readonly services: Readonly<Record<string, ServiceFacts>>;
  /** Names of the VMs that run, with or without a vGPU: a reboot would end them. Not all of them where `unread` has the processes. */
  readonly runningVms: readonly string[];
  /** What could not be read. */
  readonly unread: readonly UnreadPart[];
  /** sha256 of the packages that we uploaded. */
  readonly uploads: readonly string[];
  readonly role: MachineRole;
  readonly manifest: MachineManifest;
}

/** One Linux guest, observed in one round trip. */
export interface GuestFacts extends MachineFacts {
  /** NVIDIA display functions that the guest sees. */
  readonly gpus: readonly PciAddress[];
  /** FeatureType of gridd.conf; `null` when it is not set. */
  readonly featureType: number | null;
  /** License tokens by file name, with the sha256 of their content. */
  readonly tokens: Readonly<Record<string, string>>;
  /** As nvidia-smi says it, e.g. `"Licensed"` or `"Unlicensed (Restricted)"`, without the expiry; `null` without a driver. */
  readonly licenseStatus: string | null;
  readonly licensedProduct: string | null;
  readonly manifest: GuestManifest;
}

/** One vGPU host, observed in one round trip. */
export interface HostFacts extends MachineFacts {
  readonly iommuUnits: readonly string[];
  readonly kernelCommandLine: string;
  readonly gpus: readonly GpuFacts[];
  /** Who has NVIDIA's driver open, without the vGPU manager's own services. */
  readonly driverClients: readonly DriverClient[];
  /** Parents of mdevs that are not NVIDIA's. */
  readonly mdevParents: readonly MdevParentFacts[];
  readonly mdevDefinitions: readonly MdevDefinition[];
  /** The program that udev's rule of mdevctl runs at boot, where it is not there: automatic definitions start nothing then. */
  readonly autostartMissing: string | null;
  readonly manifest: HostManifest;
}
