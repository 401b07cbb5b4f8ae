import { configSpace } from "./pci-config.js";
import { attribute, blob, control, link, type SysEntry } from "./sys-nodes.js";

/** What a PCI function is born with. */
export interface PciIdentity {
  /** `"0000:08:00.0"` */
  readonly address: string;
  /** Path below /sys/devices of what it hangs on, e.g. `"pci0000:00/0000:00:03.0"`. */
  readonly behind: string;
  /** Four hexadecimal digits each. */
  readonly vendor: string;
  readonly device: string;
  readonly subsystemVendor: string;
  readonly subsystemDevice: string;
  /** Six hexadecimal digits. */
  readonly classCode: string;
  readonly revision: string;
  readonly numaNode: number;
  /** IOMMU group; `undefined` with the IOMMU off. */
  readonly iommuGroup: number | undefined;
  readonly multiFunction?: boolean;
  readonly secondaryBus?: number;
  /** Only a VGA-class function has the file. */
  readonly bootVga?: boolean;
  /** Address of the PF, on a VF. */
  readonly physicalFunction?: string;
  readonly irq?: number;
}

/** One PCI function: its identity, and which driver holds it. */
export class PciFunction {
  readonly identity: PciIdentity;
  driver: string | undefined;
  driverOverride: string | undefined;
  /** A VF that was unbound and bound again: it looks well and makes no vGPU any more. */
  wedged = false;
  #fixed: Record<string, SysEntry> | undefined;

  constructor(identity: PciIdentity) {
    this.identity = identity;
  }

  get address(): string {
    return this.identity.address;
  }

  /** Path below /sys. */
  get path(): string {
    return `/devices/${this.identity.behind}/${this.identity.address}`;
  }

  /** What leads from the function's directory up to /sys, e.g. `"../../../.."`. */
  get toRoot(): string {
    return this.path.slice(1).replace(/[^/]+/g, "..");
  }

  get isNvidiaGpu(): boolean {
    return this.identity.vendor === "10de" && this.identity.classCode.startsWith("03");
  }

  /** Returns the attributes that every function has. `iommuUnit` names the IOMMU that serves it. */
  entries(bus: { iommuUnit: string; override(text: string): void }): Record<string, SysEntry> {
    const { identity } = this;
    this.#fixed ??= this.#fixedEntries();
    const entries: Record<string, SysEntry> = {
      ...this.#fixed,
      driver_override: control(
        () => this.driverOverride ?? "(null)",
        (text) => bus.override(text),
      ),
    };
    if (this.driver !== undefined) entries.driver = link(`${this.toRoot}/bus/pci/drivers/${this.driver}`);
    if (identity.iommuGroup !== undefined) {
      entries.iommu = link(`${this.toRoot.slice(3)}/virtual/iommu/${bus.iommuUnit}`);
      entries.iommu_group = link(`${this.toRoot}/kernel/iommu_groups/${identity.iommuGroup}`);
    }
    return entries;
  }

  /** One of the attributes that never come or go. */
  fixedEntry(name: string): SysEntry | undefined {
    this.#fixed ??= this.#fixedEntries();
    return Object.hasOwn(this.#fixed, name) ? this.#fixed[name] : undefined;
  }

  /** Attributes that are always there, made once: a tree is walked often. */
  #fixedEntries(): Record<string, SysEntry> {
    const { identity } = this;
    const isVf = identity.physicalFunction !== undefined;
    const entries: Record<string, SysEntry> = {
      ari_enabled: attribute(1),
      broken_parity_status: attribute(0),
      class: attribute(`0x${identity.classCode}`),
      config: blob(() => configSpace({ ...this.configIdentity(), virtualFunction: isVf })),
      consistent_dma_mask_bits: attribute(47),
      current_link_speed: attribute(isVf ? "Unknown" : "2.5 GT/s PCIe"),
      current_link_width: attribute(isVf ? 0 : 8),
      d3cold_allowed: attribute(isVf ? 0 : 1),
      device: attribute(`0x${identity.device}`),
      dma_mask_bits: attribute(47),
      enable: attribute(() => (this.driver === undefined ? 0 : 1)),
      irq: attribute(identity.irq ?? 0),
      local_cpulist: attribute("0-5,12-17"),
      local_cpus: attribute("03f03f"),
      max_link_speed: attribute("16.0 GT/s PCIe"),
      max_link_width: attribute(16),
      modalias: attribute(this.modalias()),
      msi_bus: attribute(1),
      numa_node: attribute(identity.numaNode),
      power_state: attribute("D0"),
      reset_method: attribute(isVf ? "flr" : "flr bus"),
      resource: attribute(this.resourceLines()),
      revision: attribute(`0x${identity.revision}`),
      subsystem: link(`${this.toRoot}/bus/pci`),
      subsystem_device: attribute(`0x${identity.subsystemDevice}`),
      subsystem_vendor: attribute(`0x${identity.subsystemVendor}`),
      uevent: attribute(() => this.uevent()),
      vendor: attribute(`0x${identity.vendor}`),
    };
    if (identity.bootVga !== undefined) entries.boot_vga = attribute(identity.bootVga ? 1 : 0);
    if (isVf) entries.physfn = link(`../${identity.physicalFunction}`);
    return entries;
  }

  private configIdentity() {
    const { identity } = this;
    return { ...identity, multiFunction: identity.multiFunction === true };
  }

  private modalias(): string {
    const { vendor, device, subsystemVendor, subsystemDevice, classCode } = this.identity;
    const wide = (text: string) => text.toUpperCase().padStart(8, "0");
    const ids = `v${wide(vendor)}d${wide(device)}sv${wide(subsystemVendor)}sd${wide(subsystemDevice)}`;
    return `pci:${ids}bc${classCode.slice(0, 2)}sc${classCode.slice(2, 4)}i${classCode.slice(4, 6)}`;
  }

  private uevent(): string {
    const { identity } = this;
    const lines = [
      `PCI_CLASS=${identity.classCode.replace(/^0+/, "").toUpperCase()}`,
      `PCI_ID=${identity.vendor}:${identity.device}`.toUpperCase(),
      `PCI_SUBSYS_ID=${identity.subsystemVendor}:${identity.subsystemDevice}`.toUpperCase(),
      `PCI_SLOT_NAME=${identity.address}`,
      `MODALIAS=${this.modalias()}`,
    ];
    if (this.driver !== undefined) lines.unshift(`DRIVER=${this.driver}`);
    return lines.join("\n");
  }

  private resourceLines(): string {
    const bus = Number.parseInt(this.identity.address.slice(5, 7), 16);
    const start = 0x90000000 + bus * 0x100000;
    const word = (value: number) => `0x${value.toString(16).padStart(16, "0")}`;
    const none = `${word(0)} ${word(0)} ${word(0)}`;
    const first = `${word(start)} ${word(start + 0xfffff)} ${word(0x40200)}`;
    return [first, ...Array.from({ length: 12 }, () => none)].join("\n");
  }
}
