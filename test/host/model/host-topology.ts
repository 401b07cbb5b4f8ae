import type { Gpu } from "./gpu.js";
import { PciBus } from "./pci-bus.js";
import { PciFunction, type PciIdentity } from "./pci-function.js";
import { type SimulatedBoard, simulatedBoard } from "./simulated-boards.js";

/** One GPU of a host. */
export interface GpuSlot {
  /** Name in the catalog, e.g. `"NVIDIA A40"`. */
  readonly board: string;
  /** e.g. `"0000:41:00.0"` */
  readonly address: string;
  /** Makes it a VGA-class function that drives the host's console, which a vGPU GPU must not. @default false */
  readonly bootVga?: boolean;
}

export interface HostTopologyOptions {
  readonly gpus: readonly GpuSlot[];
  /** @default true */
  readonly iommu?: boolean;
}

export interface HostTopology {
  readonly bus: PciBus;
  readonly gpus: readonly { fn: PciFunction; board: SimulatedBoard }[];
  readonly iommuUnits: readonly string[];
  /** SR-IOV capable functions that are no GPUs: address -> total VFs. */
  readonly otherSriov: ReadonlyMap<string, number>;
  readonly firstMdevGroup: number;
  firstVfGroup(gpu: Gpu): number | undefined;
}

const groupsPerGpu = 64;
const firstVfGroup = 100;

/**
 * Returns the functions of a server: root ports, a console adapter of another vendor (unless a GPU drives the console),
 * another vendor's SR-IOV network adapter, and the GPUs. Source: captures/sysfs/a2-node.json, `traps`
 */
export function defaultTopology(options: HostTopologyOptions): HostTopology {
  const iommu = options.iommu !== false;
  const bus = new PciBus();
  let nextGroup = 1;
  const group = () => (iommu ? nextGroup++ : undefined);
  const add = (identity: Omit<PciIdentity, "iommuGroup">) => {
    const fn = new PciFunction({ ...identity, iommuGroup: group() });
    bus.add(fn);
    return fn;
  };
  const consoleIsGpu = options.gpus.some((slot) => slot.bootVga);
  addPort(add, { address: "0000:00:1c.0", secondaryBus: 0x01 });
  add({ ...consoleAdapter, bootVga: !consoleIsGpu });
  addPort(add, { address: "0000:00:02.0", secondaryBus: 0x04 });
  for (const address of nicAddresses) add({ ...networkAdapter, address });
  const gpus = options.gpus.map((slot) => {
    const board = simulatedBoard(slot.board);
    return { fn: addGpu(add, { slot, board }), board };
  });
  const addresses = gpus.map(({ fn }) => fn.address);
  return {
    bus,
    gpus,
    iommuUnits: iommu ? ["dmar0", "dmar1"] : [],
    otherSriov: new Map(nicAddresses.map((address) => [address, 7])),
    firstMdevGroup: firstVfGroup + groupsPerGpu * gpus.length,
    firstVfGroup: (gpu) => (iommu ? firstVfGroup + groupsPerGpu * addresses.indexOf(gpu.address) : undefined),
  };
}

type Adder = (identity: Omit<PciIdentity, "iommuGroup">) => PciFunction;

const nicAddresses = ["0000:04:00.0", "0000:04:00.1"];

const consoleAdapter = {
  address: "0000:01:00.1",
  behind: "pci0000:00/0000:00:1c.0",
  vendor: "102b",
  device: "0533",
  subsystemVendor: "103c",
  subsystemDevice: "3381",
  classCode: "030000",
  revision: "00",
  numaNode: 0,
};

const networkAdapter = {
  behind: "pci0000:00/0000:00:02.0",
  vendor: "8086",
  device: "1521",
  subsystemVendor: "8086",
  subsystemDevice: "0002",
  classCode: "020000",
  revision: "01",
  numaNode: 0,
  multiFunction: true,
};

function addPort(add: Adder, port: { address: string; secondaryBus: number }): void {
  add({
    address: port.address,
    behind: `pci${port.address.slice(0, 7)}`,
    vendor: "8086",
    device: "347a",
    subsystemVendor: "8086",
    subsystemDevice: "0000",
    classCode: "060400",
    revision: "04",
    numaNode: 0,
    secondaryBus: port.secondaryBus,
  });
}

function addGpu(add: Adder, of: { slot: GpuSlot; board: SimulatedBoard }): PciFunction {
  const { slot, board } = of;
  const bus = Number.parseInt(slot.address.slice(5, 7), 16);
  const rootBus = (bus - 1).toString(16).padStart(2, "0");
  const port = `${slot.address.slice(0, 5)}${rootBus}:01.0`;
  addPort(add, { address: port, secondaryBus: bus });
  const vga = slot.bootVga === true;
  return add({
    address: slot.address,
    behind: `pci${port.slice(0, 7)}/${port}`,
    vendor: "10de",
    device: board.deviceId,
    subsystemVendor: "10de",
    subsystemDevice: board.subsystemId,
    classCode: vga ? "030000" : board.classCode,
    revision: "a1",
    numaNode: 0,
    irq: 16,
    ...(vga || board.classCode === "030000" ? { bootVga: vga } : {}),
  });
}
