import { SysError } from "../types.js";
import type { PciFunction } from "./pci-function.js";
import type { SimulatedBoard, SimulatedType } from "./simulated-boards.js";

/** A VM's hold on a vGPU. */
export interface VgpuHold {
  readonly vmName: string;
  readonly vmUuid: string;
}

/** A vGPU that exists: an mdev (with UUID) or a vendor-specific VFIO function with a type. */
export interface SimulatedVgpu {
  readonly type: SimulatedType;
  readonly parent: PciFunction;
  /** `undefined` on a vendor-specific VFIO function. */
  readonly mdevUuid: string | undefined;
  readonly iommuGroup: number;
  readonly placementId: number;
  /** The number that nvidia-smi calls vGPU ID. */
  readonly smiId: number;
  params: string;
  hold: VgpuHold | undefined;
  /** Its removal waits in the kernel for the VM that has it: it has left the bus, its folder and its room stay. */
  removing: boolean;
  /** Set by the guest's driver once it works. */
  guestDriverVersion: string | undefined;
  licenseStatus: string | undefined;
}

/** What happens to a GPU that others want to know of. */
export interface GpuEvents {
  kernelLog(line: string): void;
  vgpuAppeared(gpu: Gpu, vgpu: SimulatedVgpu): void;
  vgpuVanished(gpu: Gpu, vgpu: SimulatedVgpu): void;
}

let nextSmiId = 3251634243;

/** The rules of one physical GPU under the vGPU manager. No sysfs, no driver: only what the hardware allows. */
export class Gpu {
  readonly physicalFunction: PciFunction;
  readonly board: SimulatedBoard;
  virtualFunctions: PciFunction[] = [];
  readonly vgpus: SimulatedVgpu[] = [];
  mixedSize = false;
  /** The next so many creations fail with EIO, as with a manager that is not ready. */
  failCreates = 0;
  readonly #events: GpuEvents;
  readonly #waiting: (() => void)[] = [];

  constructor(physicalFunction: PciFunction, board: SimulatedBoard, events: GpuEvents) {
    this.physicalFunction = physicalFunction;
    this.board = board;
    this.#events = events;
  }

  get address(): string {
    return this.physicalFunction.address;
  }

  get usedFramebufferMiB(): number {
    return this.vgpus.reduce((sum, vgpu) => sum + vgpu.type.framebufferMiB, 0);
  }

  /**
   * How many more vGPUs of the type the whole GPU takes. Equal-size mode: only the framebuffer size counts, series
   * may mix. Source: mdev.md "Size rules", the A2 capture.
   */
  room(type: SimulatedType): number {
    if (this.mixedSize) {
      const free = Math.floor((this.board.framebufferMiB - this.usedFramebufferMiB) / type.framebufferMiB);
      const ofType = this.vgpus.filter((vgpu) => vgpu.type.id === type.id).length;
      return Math.max(0, Math.min(free, type.maxInstances - ofType));
    }
    if (this.vgpus.some((vgpu) => vgpu.type.framebufferMiB !== type.framebufferMiB)) return 0;
    return Math.max(0, type.maxInstances - this.vgpus.length);
  }

  /** What `available_instances` of the type shows on a function: a VF carries one vGPU. */
  roomOn(parent: PciFunction, type: SimulatedType): number {
    if (parent === this.physicalFunction) return this.room(type);
    return this.vgpuOn(parent) === undefined ? Math.min(1, this.room(type)) : 0;
  }

  vgpuOn(parent: PciFunction): SimulatedVgpu | undefined {
    return this.vgpus.find((vgpu) => vgpu.parent === parent);
  }

  /** Types that a vendor-specific VFIO function offers now: the list shrinks as the GPU fills. */
  creatableOn(parent: PciFunction): SimulatedType[] {
    return this.board.types.filter((type) => this.roomOn(parent, type) > 0);
  }

  /** @throws SysError ENOSPC no instance of the type left; EIO the manager refuses */
  createMdev(spec: { parent: PciFunction; type: SimulatedType; uuid: string; iommuGroup: number }): void {
    if (this.roomOn(spec.parent, spec.type) < 1) {
      this.#logRefusal(spec.parent, spec.type.id);
      throw new SysError("ENOSPC");
    }
    this.#refuseUnready(spec.parent);
    this.#add({ ...spec, mdevUuid: spec.uuid });
  }

  /**
   * Gives a vendor-specific VFIO function its type; 0 takes it away.
   * @throws SysError EIO the id cannot be created there now, or another type is set; EBUSY a VM uses it
   */
  writeVendorType(parent: PciFunction, typeId: number): void {
    const present = this.vgpuOn(parent);
    if (typeId === 0) {
      if (present?.hold !== undefined) throw new SysError("EBUSY");
      if (present !== undefined) this.#take(present);
      return;
    }
    const type = this.creatableOn(parent).find((each) => each.id === typeId);
    if (type === undefined) {
      this.#logRefusal(parent, typeId);
      throw new SysError("EIO");
    }
    this.#refuseUnready(parent);
    const iommuGroup = parent.identity.iommuGroup;
    if (iommuGroup === undefined) throw new SysError("EIO");
    this.#add({ parent, type, mdevUuid: undefined, iommuGroup });
  }

  /** Removes an mdev. While a VM holds it, this waits, as the kernel does: the writer sleeps until the VM is gone. */
  async removeMdev(vgpu: SimulatedVgpu): Promise<void> {
    vgpu.removing = true;
    while (vgpu.hold !== undefined) await this.#nextRelease();
    if (!this.vgpus.includes(vgpu)) throw new SysError("ENODEV");
    this.#take(vgpu);
  }

  /** Waits until no VM holds any vGPU of the GPU. */
  async idle(): Promise<void> {
    while (this.vgpus.some((vgpu) => vgpu.hold !== undefined)) await this.#nextRelease();
  }

  hold(vgpu: SimulatedVgpu, hold: VgpuHold): void {
    vgpu.hold = hold;
  }

  release(vgpu: SimulatedVgpu): void {
    vgpu.hold = undefined;
    vgpu.guestDriverVersion = undefined;
    vgpu.licenseStatus = undefined;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Ends every vGPU: the driver goes, or the power. */
  clear(): void {
    for (const vgpu of [...this.vgpus]) {
      if (vgpu.hold !== undefined) this.release(vgpu);
      this.#take(vgpu);
    }
    this.mixedSize = false;
  }

  #logRefusal(parent: PciFunction, typeId: number): void {
    const status = this.#status(parent, typeId);
    this.#events.kernelLog(
      `NVRM: vGPU type ${typeId} on ${parent.address}: Failed to add vgpu create request: ${status}`,
    );
  }

  /** What the driver answers to a request that it refuses. Source: programs.md section 5 */
  #status(parent: PciFunction, typeId: number): string {
    const type = this.board.types.find((each) => each.id === typeId);
    if (type === undefined) return "0x57";
    if (parent !== this.physicalFunction && this.vgpuOn(parent) !== undefined) return "0x38";
    const other = this.vgpus.some((vgpu) => vgpu.type.framebufferMiB !== type.framebufferMiB);
    return other && !this.mixedSize ? "0x56" : "0x1a";
  }

  #refuseUnready(parent: PciFunction): void {
    if (this.failCreates > 0) {
      this.failCreates--;
      this.#events.kernelLog("NVRM: kvgpumgrCreateRequestVgpu: GPU 0 is not initialized yet");
      this.#events.kernelLog("NVRM: Failed to add vgpu create request: 0x66");
      throw new SysError("EIO");
    }
    if (parent.wedged) {
      this.#events.kernelLog(`NVRM: ${parent.address}: the function answers no request since it was unbound`);
      throw new SysError("EIO");
    }
  }

  #add(spec: Pick<SimulatedVgpu, "parent" | "type" | "mdevUuid" | "iommuGroup">): void {
    const size = spec.type.framebufferMiB / 1024;
    const taken = new Set(this.vgpus.map((vgpu) => vgpu.placementId));
    let placementId = 0;
    while (taken.has(placementId)) placementId += Math.max(1, Math.floor(size));
    const vgpu: SimulatedVgpu = {
      parent: spec.parent,
      type: spec.type,
      mdevUuid: spec.mdevUuid,
      iommuGroup: spec.iommuGroup,
      placementId,
      smiId: nextSmiId++,
      params: "",
      hold: undefined,
      removing: false,
      guestDriverVersion: undefined,
      licenseStatus: undefined,
    };
    this.vgpus.push(vgpu);
    this.#events.vgpuAppeared(this, vgpu);
  }

  #take(vgpu: SimulatedVgpu): void {
    this.vgpus.splice(this.vgpus.indexOf(vgpu), 1);
    this.#events.vgpuVanished(this, vgpu);
  }

  #nextRelease(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }
}
