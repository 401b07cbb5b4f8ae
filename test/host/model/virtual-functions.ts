import type { Gpu } from "./gpu.js";
import { PciFunction } from "./pci-function.js";

/** NVIDIA's first VF is four functions behind its PF, the next ones follow one by one. Source: mdev.md section 2 B */
const offset = 4;

/** Returns the address of a PF's VF: functions wrap every 8 into the next slot. */
export function virtualFunctionAddress(pfAddress: string, index: number): string {
  const match = /^(.*):([0-9a-f]{2})\.([0-7])$/.exec(pfAddress);
  if (match === null) throw new Error(`no PCI address: ${pfAddress}`);
  const [, bus = "", slot = "0", fn = "0"] = match;
  const number = Number.parseInt(slot, 16) * 8 + Number(fn) + offset + index;
  return `${bus}:${(number >> 3).toString(16).padStart(2, "0")}.${number & 7}`;
}

/** Returns a VF as it appears: subsystem device 0000, its own IOMMU group, no driver yet. */
export function virtualFunction(gpu: Gpu, index: number, firstGroup: number | undefined): PciFunction {
  const { identity } = gpu.physicalFunction;
  const { bootVga: _none, ...inherited } = identity;
  return new PciFunction({
    ...inherited,
    address: virtualFunctionAddress(identity.address, index),
    subsystemDevice: "0000",
    classCode: "030200",
    iommuGroup: firstGroup === undefined ? undefined : firstGroup + index,
    physicalFunction: identity.address,
    irq: 0,
  });
}
