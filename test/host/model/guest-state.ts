import type { Machine } from "../types.js";
import type { HostFaults } from "./faults.js";
import type { SimulatedVgpu } from "./gpu.js";
import type { PciBus } from "./pci-bus.js";

/** How the license server of a simulated guest behaves. */
export interface LicensingOptions {
  /** Whether the server knows this token. @default every text that is not empty */
  readonly accepts?: (token: string) => boolean;
  /** From the start of gridd to the license. @default 200 */
  readonly delayMs?: number;
  /** From the driver's start to reduced performance. @default 20 minutes */
  readonly restrictAfterMs?: number;
}

export type LicenseState = "unlicensed" | "licensed" | "restricted";

/** A vGPU as its guest has it. */
export interface GuestVgpu {
  /** The vGPU on the host, where the guest's driver reports to. */
  readonly vgpu: SimulatedVgpu;
  readonly deviceId: string;
  readonly subsystemId: string;
  readonly architecture: string;
  /** Version of the vGPU manager. */
  readonly managerVersion: string;
}

/** What the vendor's programs see and change of a guest. */
export interface GuestState {
  readonly bus: PciBus;
  readonly faults: HostFaults;
  readonly machine: Machine | undefined;
  /** The vGPU, while one is tied and the guest has power. */
  readonly vgpu: GuestVgpu | undefined;
  readonly licensing: LicensingOptions;
  readonly address: string;
  /** Whether the driver works on the vGPU: loaded, bound, and of a release that fits the host's. */
  driverWorks: boolean;
  license: LicenseState;
  licenseExpiry: string | undefined;
  later(ms: number, work: () => void): () => void;
}
