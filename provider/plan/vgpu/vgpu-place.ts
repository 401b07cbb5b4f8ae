import type { GpuFacts } from "../../model/facts.js";
import { isLeftover, type KnownVgpu, type VgpuContext } from "./vgpu-view.js";

/**
 * Returns the function that carries the vGPU: where it was, else its share of the free ones. The free functions are dealt
 * out to the declared vGPUs that have none, both in their order, so that the place does not depend on who comes first.
 * A function that another record notes is not free: on vendor-specific VFIO two records of one function are two owners.
 * Nor is one that somebody gave to another driver, as `virsh nodedev-detach` gives it to vfio-pci.
 */
export function placeFor(context: VgpuContext<GpuFacts>, retire: readonly KnownVgpu[]): string | null {
  const { self, carrier: gpu, facts, known, declared } = context;
  if (gpu.vgpuInterface === "mdev-on-pf") return gpu.address;
  const taken = new Set(known.filter((vgpu) => !retire.includes(vgpu)).map((vgpu) => vgpu.live.parent));
  const retired = new Set(retire.map((vgpu) => vgpu.record?.uuid));
  const noted = facts.manifest.vgpus.filter(
    (record) =>
      record.carrier === gpu.address &&
      record.uuid !== self.uuid &&
      !isLeftover(record, self, context) &&
      (!retired.has(record.uuid) || declared.some((vgpu) => vgpu.uuid === record.uuid)),
  );
  const usable = gpu.virtualFunctions.filter((vf) => vf.driver === "nvidia" && !taken.has(vf.vfAddress));
  const free = usable.filter((vf) => !noted.some((record) => record.parent === vf.vfAddress));
  const mine = facts.manifest.vgpus.find((record) => record.uuid === self.uuid);
  if (mine !== undefined && free.some((vf) => vf.vfAddress === mine.parent)) return mine.parent;
  const unplaced = declared.filter((vgpu) => !noted.some((record) => record.uuid === vgpu.uuid));
  const order = unplaced.map((vgpu) => `${vgpu.name} ${vgpu.uuid}`).sort();
  const retiredFree = usable.filter((vf) => retire.some((vgpu) => vgpu.live.parent === vf.vfAddress));
  const share = free[order.indexOf(`${self.name} ${self.uuid}`)] ?? free[0] ?? retiredFree[0];
  return share?.vfAddress ?? null;
}
