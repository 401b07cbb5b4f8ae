import type { Machine, SysTree } from "../types.js";
import type { HostFaults } from "./faults.js";
import type { Gpu, SimulatedVgpu } from "./gpu.js";
import type { HostTopologyOptions } from "./host-topology.js";
import type { PciBus } from "./pci-bus.js";

export interface GpuModelOptions extends HostTopologyOptions {
  /** How the installed kernel and driver make vGPUs on SR-IOV boards. Legacy boards always have mdevs on the PF. */
  readonly sriovInterface: "mdev" | "vendor-vfio";
  /** Whether the machine has mdevctl, and which. @default "none" */
  readonly mdevctl?: "none" | "stand-in" | "real";
  /** Whether mdevctl is not where its udev rule looks for it, as on Debian 12. @default false */
  readonly mdevctlMisplaced?: boolean;
  /** Whether the machine has a stand-in for lspci. @default false */
  readonly lspci?: boolean;
  /** Whether the machine has dkms (a stand-in). @default false */
  readonly dkms?: boolean;
  /** Whether the machine has a C compiler and make (stand-ins). @default true */
  readonly compiler?: boolean;
  /** Whether its kernel has nova_core. @default false */
  readonly nova?: boolean;
  /** UEFI secure boot; `undefined` on a machine without UEFI. */
  readonly secureBoot?: boolean;
}

/** What a model tells those who follow it: guests tied to its vGPUs. */
export interface VgpuWatcher {
  appeared(vgpu: SimulatedVgpu): void;
  vanished(vgpu: SimulatedVgpu): void;
}

/** What the vendor's programs and the kernel's modules see and change of a host. */
export interface HostState {
  readonly options: GpuModelOptions;
  readonly faults: HostFaults;
  readonly sys: SysTree;
  readonly bus: PciBus;
  readonly gpus: readonly Gpu[];
  readonly machine: Machine | undefined;
  /** Whether nvidia-vgpud has told the loaded driver its types. */
  typesPublished: boolean;
  /** Runs `work` later, unless the power goes before. */
  later(ms: number, work: () => void): void;
  addVirtualFunction(gpu: Gpu): void;
  dropVirtualFunctions(gpu: Gpu): void;
  /** Parents of mdevs may have appeared: what udev would do about it. */
  parentsRegistered(addresses: readonly string[]): void;
}
