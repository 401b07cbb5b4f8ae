import { SysError } from "../types.js";
import type { Gpu, SimulatedVgpu } from "./gpu.js";
import type { PciFunction } from "./pci-function.js";
import type { SimulatedType } from "./simulated-boards.js";
import { attribute, control, dir, link, type SysEntry, trigger } from "./sys-nodes.js";

/** What the driver adds to a function's directory depends on this. */
export interface VgpuSurface {
  /** Whether nvidia-vgpud has told the driver its types since it was loaded. */
  readonly typesPublished: boolean;
  readonly sriovInterface: "mdev" | "vendor-vfio";
  createMdev(gpu: Gpu, parent: PciFunction, request: { type: SimulatedType; text: string }): Promise<void>;
  writeVendorType(gpu: Gpu, parent: PciFunction, text: string): Promise<void>;
  removeMdev(gpu: Gpu, vgpu: SimulatedVgpu): Promise<void>;
}

const version4Free = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Returns the UUID as the kernel names the device. @throws SysError EINVAL */
export function kernelUuid(text: string): string {
  if (!version4Free.test(text)) throw new SysError("EINVAL");
  return text.toLowerCase();
}

/** Whether vGPUs on this function are mdevs, vendor-specific VFIO ones, or cannot be. */
export function vgpuKindOn(
  gpu: Gpu,
  parent: PciFunction,
  surface: VgpuSurface,
): "mdev" | "vendor-vfio" | undefined {
  if (parent.driver !== "nvidia") return undefined;
  const onPf = parent === gpu.physicalFunction;
  if (gpu.board.legacy) return onPf ? "mdev" : undefined;
  return onPf ? undefined : surface.sriovInterface;
}

/** Returns what the vGPU manager's modules add to the directory of a PF or VF. */
export function vgpuEntries(gpu: Gpu, parent: PciFunction, surface: VgpuSurface): Record<string, SysEntry> {
  const kind = vgpuKindOn(gpu, parent, surface);
  if (kind === "vendor-vfio") return vendorEntries(gpu, parent, surface);
  if (kind !== "mdev" || !surface.typesPublished) return {};
  const entries: Record<string, SysEntry> = { mdev_supported_types: typesEntry(gpu, parent, surface) };
  for (const vgpu of gpu.vgpus) {
    if (vgpu.parent === parent && vgpu.mdevUuid !== undefined)
      entries[vgpu.mdevUuid] = mdevEntry(gpu, vgpu, surface);
  }
  return entries;
}

const typeFolders = new WeakMap<PciFunction, SysEntry>();

/** The folders of the types are made once per function: there are some thousand of them. */
function typesEntry(gpu: Gpu, parent: PciFunction, surface: VgpuSurface): SysEntry {
  const known = typeFolders.get(parent);
  if (known !== undefined) return known;
  const folders = Object.fromEntries(
    gpu.board.types.map((type) => [`nvidia-${type.id}`, typeEntry(gpu, parent, { type, surface })]),
  );
  const entry = dir(() => folders);
  typeFolders.set(parent, entry);
  return entry;
}

/** Returns the description line of a type. Source: sample-outputs/sysfs-sriov-mdev.a2.types.txt */
export function typeDescription(type: SimulatedType): string {
  return [
    `num_heads=${type.heads}`,
    `frl_config=${type.frameRateLimit}`,
    `framebuffer=${type.framebufferMiB}M`,
    `max_resolution=${type.maxResolution}`,
    `max_instance=${type.maxInstances}`,
  ].join(", ");
}

function typeEntry(
  gpu: Gpu,
  parent: PciFunction,
  of: { type: SimulatedType; surface: VgpuSurface },
): SysEntry {
  const { type, surface } = of;
  const devices = () =>
    gpu.vgpus.filter(
      (vgpu) =>
        vgpu.parent === parent && vgpu.type.id === type.id && vgpu.mdevUuid !== undefined && !vgpu.removing,
    );
  return dir(() => ({
    available_instances: attribute(() => gpu.roomOn(parent, type)),
    create: trigger((text) => surface.createMdev(gpu, parent, { type, text })),
    description: attribute(typeDescription(type)),
    device_api: attribute("vfio-pci"),
    devices: dir(() =>
      Object.fromEntries(devices().map(({ mdevUuid }) => [mdevUuid, link(`../../../${mdevUuid}`)])),
    ),
    name: attribute(type.name),
  }));
}

function mdevEntry(gpu: Gpu, vgpu: SimulatedVgpu, surface: VgpuSurface): SysEntry {
  const toRoot = `${vgpu.parent.toRoot}/..`;
  const group = vgpu.iommuGroup;
  const staying = {
    iommu_group: link(`${toRoot}/kernel/iommu_groups/${group}`),
    // Without a number: Debian's kernels, 6.1 and 6.12, make no files for single devices. Seen in the lab.
    "vfio-dev": dir(() => ({ [`vfio${group}`]: dir(() => ({})) })),
  };
  // While a removal waits this is all that is left. Seen on Linux 6.1 with QEMU as the user.
  if (vgpu.removing) return dir(() => staying);
  return dir(() => ({
    ...staying,
    driver: link(`${toRoot}/bus/mdev/drivers/nvidia-vgpu-vfio`),
    mdev_type: link(`../mdev_supported_types/nvidia-${vgpu.type.id}`),
    nvidia: dir(() => ({
      vgpu_params: paramsControl(vgpu),
      vm_name: attribute(() => vgpu.hold?.vmName ?? ""),
    })),
    remove: trigger(async (text) => {
      const number = Number(text);
      if (text === "" || !Number.isInteger(number)) throw new SysError("EINVAL");
      if (number !== 0) await surface.removeMdev(gpu, vgpu);
    }),
    subsystem: link(`${toRoot}/bus/mdev`),
    uevent: attribute("DRIVER=nvidia-vgpu-vfio"),
  }));
}

/** One space clears the parameters. Source: mdev.md section 5 */
function paramsControl(vgpu: SimulatedVgpu): SysEntry {
  return control(
    () => vgpu.params,
    (text) => {
      const known = /^(?:[a-z][a-z0-9_-]*=[^,=\s]*)(?:,[a-z][a-z0-9_-]*=[^,=\s]*)*$/i;
      if (text !== "" && !known.test(text)) throw new SysError("EINVAL");
      vgpu.params = text;
    },
  );
}

function vendorEntries(gpu: Gpu, parent: PciFunction, surface: VgpuSurface): Record<string, SysEntry> {
  const present = () => gpu.vgpuOn(parent);
  const ofPresent = (read: (vgpu: SimulatedVgpu) => string | number) =>
    attribute(() => {
      const vgpu = present();
      if (vgpu === undefined) throw new SysError("ENXIO");
      return read(vgpu);
    });
  const vgpuNow = present();
  const entries: Record<string, SysEntry> = {
    nvidia: dir(() => ({
      creatable_vgpu_types: attribute(() => creatableText(gpu, parent, surface)),
      current_vgpu_type: control(
        () => present()?.type.id ?? 0,
        (text) => surface.writeVendorType(gpu, parent, text),
      ),
      gpu_instance_id: ofPresent(() => "N/A"),
      placement_id: ofPresent((vgpu) => vgpu.placementId),
      vgpu_params: control(
        () => present()?.params ?? "",
        (text) => {
          const vgpu = present();
          if (vgpu === undefined) throw new SysError("ENXIO");
          vgpu.params = text;
        },
      ),
      warm_update: attribute(""),
    })),
  };
  if (vgpuNow !== undefined) {
    const group = vgpuNow.iommuGroup;
    entries["vfio-dev"] = dir(() => ({ [`vfio${group}`]: dir(() => ({ dev: attribute(`511:${group}`) })) }));
  }
  return entries;
}

/** The list shrinks as the GPU fills; then only its header is left. Source: mdev.md section 2 C, the L40S capture */
function creatableText(gpu: Gpu, parent: PciFunction, surface: VgpuSurface): string {
  const types = surface.typesPublished ? gpu.creatableOn(parent) : [];
  const lines = types.map((type) => `${String(type.id).padEnd(5)} : ${type.name}`);
  return ["ID    : vGPU Name", ...lines].join("\n");
}
