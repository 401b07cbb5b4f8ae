import type { VgpuInterface } from "./facts.js";
import { parsePciAddress } from "./pci-address.js";

/** What a VM is given: an mdev by its UUID, or a vendor-specific VFIO function by its PCI address. */
export interface AssignedVgpu {
  readonly vgpuInterface: VgpuInterface;
  readonly uuid: string;
  /** The function or device that carries the vGPU. */
  readonly parent: string;
  /** What a VM takes an mdev for. @default "vfio-pci" */
  readonly deviceApi?: string | undefined;
}

/**
 * Returns libvirt's hostdev element for a vGPU.
 * Vendor-specific VFIO must be `managed='no'` and needs libvirt 9.7 or later. Source: mdev.md section 7.
 * An mdev's `model` is its device API; `display` is taken with vfio-pci only. Source: libvirt's formatdomain, "Host device assignment".
 */
export function hostdevXml(vgpu: AssignedVgpu): string {
  if (vgpu.vgpuInterface !== "vendor-vfio") {
    const { deviceApi = "vfio-pci" } = vgpu;
    const display = deviceApi === "vfio-pci" ? " display='off'" : "";
    return [
      `<hostdev mode='subsystem' type='mdev' managed='no' model='${deviceApi}'${display}>`,
      `  <source><address uuid='${vgpu.uuid}'/></source>`,
      "</hostdev>",
    ].join("\n");
  }
  const [domain = "", bus = "", slot = "", fn = ""] = (parsePciAddress(vgpu.parent) ?? "").split(/[:.]/);
  return [
    "<hostdev mode='subsystem' type='pci' managed='no'>",
    `  <source><address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/></source>`,
    "</hostdev>",
  ].join("\n");
}
