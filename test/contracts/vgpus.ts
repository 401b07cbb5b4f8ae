// Making vGPUs by hand, by what the provider writes.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { parseCreatable } from "../../provider/observe/parse-gpus.js";
import type { Bed } from "./contract.js";
import { eventually, lines, say, taken, write } from "./look.js";

/** A vGPU that a contract made. */
export interface MadeVgpu {
  /** Its UUID, or its virtual function where it has none. */
  readonly id: string;
  readonly parent: string;
  /** Its directory in /sys. */
  readonly device: string;
  remove(): Promise<void>;
}

/** Returns the functions that can carry vGPUs, first to last. */
export async function parents(bed: Bed): Promise<string[]> {
  const { gpu, vgpuInterface } = bed.facts;
  if (vgpuInterface === "mdev-on-pf" || vgpuInterface === "mdev-on-parent") return [gpu];
  const pf = `/sys/bus/pci/devices/${gpu}`;
  return lines(
    bed,
    `n=0; while [ -e ${pf}/virtfn$n ]; do basename "$(readlink ${pf}/virtfn$n)"; n=$((n + 1)); done`,
  );
}

/** Returns the directory of a type of this full name on a function that carries mdevs. */
export async function typeFolder(bed: Bed, parent: string, name: string): Promise<string> {
  const types = `/sys/class/mdev_bus/${parent}/mdev_supported_types`;
  return say(bed, `dirname "$(grep -lx '${name}' ${types}/*/name)"`);
}

/** Returns the types that a vendor-specific VFIO function offers now, number by name. */
export async function creatable(bed: Bed, vf: string): Promise<Map<string, number>> {
  const text = await lines(bed, `cat /sys/bus/pci/devices/${vf}/nvidia/creatable_vgpu_types`);
  const types = text.map(parseCreatable).filter((type) => type !== null);
  return new Map(types.map((type) => [type.name, type.vgpuTypeId]));
}

/** Makes a vGPU of this type on a function, the first one unless said otherwise. */
export async function makeVgpu(bed: Bed, type: string, on?: string): Promise<MadeVgpu> {
  const parent = on ?? (await parents(bed))[0] ?? "";
  return bed.facts.vgpuInterface === "vendor-vfio"
    ? makeVendor(bed, type, parent)
    : makeMdev(bed, type, parent);
}

async function makeMdev(bed: Bed, type: string, parent: string): Promise<MadeVgpu> {
  const id = randomUUID();
  const device = `/sys/bus/mdev/devices/${id}`;
  expect(await write(bed, `${await typeFolder(bed, parent, type)}/create`, id)).toEqual(taken);
  const remove = async () => {
    expect(await write(bed, `${device}/remove`, "1")).toEqual(taken);
    await eventually(bed, `[ ! -e ${device} ]`);
  };
  return { id, parent, device, remove };
}

async function makeVendor(bed: Bed, type: string, parent: string): Promise<MadeVgpu> {
  const device = `/sys/bus/pci/devices/${parent}`;
  const id = (await creatable(bed, parent)).get(type);
  expect(await write(bed, `${device}/nvidia/current_vgpu_type`, String(id))).toEqual(taken);
  const remove = async () => {
    expect(await write(bed, `${device}/nvidia/current_vgpu_type`, "0")).toEqual(taken);
  };
  return { id: parent, parent, device, remove };
}

/** Makes a vGPU, hands it to the work, and removes it. */
export async function withVgpu(
  bed: Bed,
  work: (vgpu: MadeVgpu) => Promise<void>,
  type?: string,
): Promise<void> {
  const vgpu = await makeVgpu(bed, type ?? bed.facts.types.one);
  try {
    await work(vgpu);
  } finally {
    await vgpu.remove();
  }
}
