import type { SettingArguments } from "../model/gpu-settings.js";
import type { PciAddress } from "../model/pci-address.js";
import type { PackageSource } from "./steps.js";

/** Whether and how a machine may be rebooted. */
export interface RebootPolicy {
  readonly allow: boolean;
  /** Longest time from the order to the first answer. */
  readonly deadlineMs: number;
}

/** A driver that is wanted on a machine. */
export interface DesiredDriver {
  readonly release: string;
  /** The version that the release's package for this side has; `null` when the catalog does not know it. */
  readonly version: string;
  readonly package: PackageSource | null;
}

/** What a program wants of a host. */
export interface DesiredHost {
  /** Resource name, for messages. */
  readonly name: string;
  /** `"project/stack/resource"` */
  readonly owner: string;
  /** The same as it is stored, where one of the names was changed; what the machine says of it is said of this. */
  readonly formerOwner?: string | null;
  readonly driver: DesiredDriver | null;
  readonly gpus: Readonly<Record<PciAddress, SettingArguments>>;
  readonly reboot: RebootPolicy;
  readonly rebootDisruption: "reboots-host";
  /** sha256 of the boot unit's files as this version of the package writes them. */
  readonly bootFiles: Readonly<Record<string, string>>;
}

/** One vGPU that a program declares. */
export interface DesiredVgpu {
  readonly uuid: string;
  readonly name: string;
  /** `"project/stack"` */
  readonly owner: string;
  /** Resource name of its host, for messages. */
  readonly host: string;
  /** Whether it is declared by `gpu` and `type`, or by `parent` and `mdevType`. */
  readonly carrierKind: "gpu" | "parent";
  /** PCI address of the GPU, or name of the parent. */
  readonly carrier: string;
  /** Full or short name of the vGPU type, or the mdev type. */
  readonly type: string;
  readonly keep: boolean;
  /** Owner and name as they are stored, where one of them was changed. */
  readonly former?: { readonly owner: string; readonly name: string } | null;
  /** Stack, `"project/stack"`, by which its VgpuHost is stored, where that was changed. */
  readonly formerHostStack?: string | null;
  /** Whether `uuid` was made from names: one that exists under the resource's name keeps the UUID that it has. */
  readonly uuidDerived?: boolean;
  /** Whether it is new, and its UUID made from its name: a record of that UUID under another name is not its own. */
  readonly isNewByName?: boolean;
  /** Names that the resource had before. */
  readonly formerNames?: readonly string[];
}

/** What a program wants of a Linux guest. */
export interface DesiredGuest {
  readonly name: string;
  readonly owner: string;
  /** As that of a host. */
  readonly formerOwner?: string | null;
  readonly driver: DesiredDriver | null;
  readonly license: { readonly tokenSha256: string; readonly featureType: number } | null;
  readonly reboot: RebootPolicy;
  readonly rebootDisruption: "reboots-guest";
}
