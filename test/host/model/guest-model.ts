import type { Machine, MachineModel, ToolHandler } from "../types.js";
import { compiler, compilerPaths } from "./compiler.js";
import { type HostFaults, noFaults } from "./faults.js";
import { bootGuestModules, guestContent, registerGuestModules } from "./guest-driver.js";
import type { GuestState, GuestVgpu, LicenseState, LicensingOptions } from "./guest-state.js";
import { guestTree } from "./guest-sys.js";
import { installerTool } from "./installer.js";
import { PciBus } from "./pci-bus.js";
import { PciFunction } from "./pci-function.js";
import { installerPath } from "./run-package.js";
import { EntryTree } from "./sys-nodes.js";

export interface GuestModelOptions {
  readonly licensing?: LicensingOptions;
  /** Whether the guest has a C compiler and make (stand-ins). @default true */
  readonly compiler?: boolean;
  readonly secureBoot?: boolean;
}

/** The inside of a virtual machine: what it sees of its vGPU, its driver and its license. */
export class GuestModel implements MachineModel, GuestState {
  readonly sys: EntryTree;
  readonly options: GuestModelOptions;
  readonly faults: HostFaults = noFaults();
  readonly bus = new PciBus();
  readonly address = "0000:06:00.0";
  licensing: LicensingOptions;
  machine: Machine | undefined;
  vgpu: GuestVgpu | undefined;
  driverWorks = false;
  license: LicenseState = "unlicensed";
  licenseExpiry: string | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: GuestModelOptions = {}) {
    this.options = options;
    this.licensing = options.licensing ?? {};
    this.sys = new EntryTree(
      guestTree({ bus: this.bus, machine: () => this.machine, secureBoot: options.secureBoot }),
    );
    for (const fn of virtualHardware()) this.bus.add(fn);
  }

  tools(): Record<string, ToolHandler> {
    const tools: Record<string, ToolHandler> = {
      [installerPath]: installerTool(guestContent(this), this.faults),
    };
    if (this.options.compiler !== false) for (const path of compilerPaths) tools[path] = compiler;
    return tools;
  }

  async boot(machine: Machine): Promise<void> {
    this.machine = machine;
    if (this.vgpu !== undefined && this.bus.find(this.address) === undefined) {
      this.bus.add(vgpuFunction(this.address, this.vgpu));
    }
    registerGuestModules(this, machine);
    await bootGuestModules(this, machine);
  }

  powerOff(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.bus.clear();
    const fn = this.bus.find(this.address);
    if (fn !== undefined) this.bus.remove(fn);
    this.driverWorks = false;
    this.license = "unlicensed";
    this.licenseExpiry = undefined;
    if (this.vgpu !== undefined) {
      this.vgpu.vgpu.guestDriverVersion = undefined;
      this.vgpu.vgpu.licenseStatus = undefined;
    }
  }

  /** Without the license, which comes and goes by itself. */
  snapshot(): unknown {
    return { vgpu: this.vgpu?.vgpu.type.name ?? null, driverWorks: this.driverWorks };
  }

  /** Sets how the license server behaves; a text is the only token it knows. */
  setLicensing(licensing: { acceptedToken?: string; delayMs?: number; restrictAfterMs?: number }): void {
    const { acceptedToken, ...times } = licensing;
    this.licensing = {
      ...times,
      ...(acceptedToken === undefined ? {} : { accepts: (token: string) => token.trim() === acceptedToken }),
    };
  }

  /** Sets how the guest misbehaves. */
  setFaults(faults: Partial<HostFaults>): void {
    Object.assign(this.faults, faults);
  }

  later(ms: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }
}

const plain = {
  behind: "pci0000:00",
  subsystemVendor: "1af4",
  subsystemDevice: "1100",
  revision: "01",
  numaNode: -1,
  iommuGroup: undefined,
};

function virtualHardware(): PciFunction[] {
  const port = { ...plain, vendor: "1b36", device: "000c", classCode: "060400" };
  return [
    new PciFunction({ ...port, address: "0000:00:02.0", secondaryBus: 6 }),
    new PciFunction({
      ...plain,
      address: "0000:00:03.0",
      vendor: "1af4",
      device: "1041",
      classCode: "020000",
    }),
  ];
}

/** A vGPU in its guest: the board's device id, the type's own subsystem id. Q and B types are VGA class. */
function vgpuFunction(address: string, vgpu: GuestVgpu): PciFunction {
  const compute = vgpu.vgpu.type.series === "C";
  return new PciFunction({
    ...plain,
    address,
    behind: "pci0000:00/0000:00:02.0",
    vendor: "10de",
    device: vgpu.deviceId,
    subsystemVendor: "10de",
    subsystemDevice: vgpu.subsystemId,
    classCode: compute ? "030200" : "030000",
    revision: "a1",
    ...(compute ? {} : { bootVga: true }),
  });
}
