import { SysError } from "../types.js";
import type { VgpuHold } from "./gpu.js";

/** One of the two types of the kernel's sample driver. */
export interface MttyType {
  /** Name of its directory, e.g. `"mtty-2"`. */
  readonly folder: string;
  readonly name: string;
  readonly ports: number;
}

/** Source: Linux 6.1, samples/vfio-mdev/mtty.c, `mtty_types`. */
export const mttyTypes: readonly MttyType[] = [
  { folder: "mtty-1", name: "Single port serial", ports: 1 },
  { folder: "mtty-2", name: "Dual port serial", ports: 2 },
];

/** `MAX_MTTYS` of mtty.c: both types are made of these. */
const allPorts = 24;

/** An mdev of mtty. */
export interface MttyMdev {
  readonly uuid: string;
  readonly type: MttyType;
  readonly iommuGroup: number;
  hold: VgpuHold | undefined;
  /** Its removal waits in the kernel for the VM that has it: it has left the bus, its folder and its ports stay. */
  removing: boolean;
}

/** The rules of the device `mtty`: what its driver and the kernel's mdev core allow. */
export class Mtty {
  readonly mdevs: MttyMdev[] = [];
  /** Whether the module is loaded: without it there is no device. */
  loaded = false;
  readonly #changed: (mdev: MttyMdev, there: boolean) => void;
  readonly #waiting: (() => void)[] = [];

  /** @param changed called when an mdev appears and when it is gone */
  constructor(changed: (mdev: MttyMdev, there: boolean) => void) {
    this.#changed = changed;
  }

  /** What `available_instances` shows. Source: `mtty_get_available` */
  available(type: MttyType): number {
    const used = this.mdevs.reduce((sum, mdev) => sum + mdev.type.ports, 0);
    return Math.floor((allPorts - used) / type.ports);
  }

  /** @throws SysError EEXIST the UUID is taken; ENOSPC too few ports are left. Source: `mdev_device_create`, `mtty_init_dev` */
  create(type: MttyType, uuid: string): void {
    if (this.mdevs.some((mdev) => mdev.uuid === uuid)) throw new SysError("EEXIST");
    if (this.available(type) < 1) throw new SysError("ENOSPC");
    const used = new Set(this.mdevs.map(({ iommuGroup }) => iommuGroup));
    let iommuGroup = 100;
    while (used.has(iommuGroup)) iommuGroup++;
    const mdev = { uuid, type, iommuGroup, hold: undefined, removing: false };
    this.mdevs.push(mdev);
    this.#changed(mdev, true);
  }

  /** Removes an mdev. While a VM holds it, this waits, as the kernel does. */
  async remove(mdev: MttyMdev): Promise<void> {
    if (mdev.removing) throw new SysError("EAGAIN");
    mdev.removing = true;
    while (mdev.hold !== undefined) await new Promise<void>((wake) => this.#waiting.push(wake));
    if (!this.mdevs.includes(mdev)) throw new SysError("ENODEV");
    this.#take(mdev);
  }

  release(mdev: MttyMdev): void {
    mdev.hold = undefined;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The module is unloaded, or the power goes: every mdev ends. */
  clear(): void {
    for (const mdev of [...this.mdevs]) {
      if (mdev.hold !== undefined) this.release(mdev);
      this.#take(mdev);
    }
    this.loaded = false;
  }

  #take(mdev: MttyMdev): void {
    this.mdevs.splice(this.mdevs.indexOf(mdev), 1);
    this.#changed(mdev, false);
  }
}
