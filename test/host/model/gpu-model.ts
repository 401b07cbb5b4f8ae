import { type Machine, type MachineModel, SysError, type ToolHandler } from "../types.js";
import { dkmsAutoinstall } from "./dkms.js";
import { type HostFaults, noFaults } from "./faults.js";
import { Gpu, type SimulatedVgpu, type VgpuHold } from "./gpu.js";
import { kernelUuid, type VgpuSurface, vgpuKindOn } from "./gpu-sys.js";
import { bootModules, registerHostModules } from "./host-modules.js";
import type { GpuModelOptions, HostState, VgpuWatcher } from "./host-state.js";
import { hostTree } from "./host-sys.js";
import { hostTools } from "./host-tools.js";
import { defaultTopology, type HostTopology } from "./host-topology.js";
import { startParentMdevs } from "./mdevctl.js";
import { ruleFindsMdevctl } from "./mdevctl-rule.js";
import type { PciBus } from "./pci-bus.js";
import type { PciFunction } from "./pci-function.js";
import type { SimulatedType } from "./simulated-boards.js";
import { EntryTree } from "./sys-nodes.js";
import { virtualFunction } from "./virtual-functions.js";

/** The GPUs of one simulated host, with the kernel and the vendor's programs around them. */
export class GpuModel implements MachineModel, HostState {
  readonly sys: EntryTree;
  readonly options: GpuModelOptions;
  readonly faults: HostFaults = noFaults();
  readonly bus: PciBus;
  readonly gpus: readonly Gpu[];
  machine: Machine | undefined;
  /** Whether nvidia-vgpud has told the loaded driver its types. */
  typesPublished = false;
  readonly watchers = new Set<VgpuWatcher>();
  readonly #topology: HostTopology;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #suddenVms = new Map<string, () => Promise<void>>();

  constructor(options: GpuModelOptions) {
    this.options = options;
    this.#topology = defaultTopology(options);
    this.bus = this.#topology.bus;
    const events = {
      kernelLog: (line: string) => this.machine?.kernelLog(line),
      vgpuAppeared: (_gpu: Gpu, vgpu: SimulatedVgpu) => this.#appeared(vgpu),
      vgpuVanished: (_gpu: Gpu, vgpu: SimulatedVgpu) => this.#vanished(vgpu),
    };
    this.gpus = this.#topology.gpus.map(({ fn, board }) => new Gpu(fn, board, events));
    this.sys = new EntryTree(
      hostTree({
        bus: this.bus,
        gpus: this.gpus,
        surface: this.surface,
        iommuUnits: this.#topology.iommuUnits,
        secureBoot: options.secureBoot,
        groupNumber: (group) => this.faults.groupNumbers[group] ?? `511:${group}`,
        machine: () => this.machine,
        mdevBus: () => this.machine?.modules.loaded("mdev") === true,
        otherSriov: this.#topology.otherSriov,
        writeNumVfs: (gpu, text) => this.#writeNumVfs(gpu, text),
      }),
    );
  }

  tools(): Record<string, ToolHandler> {
    return hostTools(this);
  }

  async boot(machine: Machine): Promise<void> {
    this.machine = machine;
    registerHostModules(this, machine);
    await bootModules(this, machine);
  }

  powerOff(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const gpu of this.gpus) {
      gpu.clear();
      this.dropVirtualFunctions(gpu);
    }
    this.bus.clear();
    this.typesPublished = false;
  }

  /** What a digest of the machine shows of the GPUs. */
  snapshot(): unknown {
    return this.gpus.map((gpu) => ({
      address: gpu.address,
      driver: gpu.physicalFunction.driver ?? null,
      virtualFunctions: gpu.virtualFunctions.length,
      mixedSize: gpu.mixedSize,
      vgpus: gpu.vgpus.map(({ parent, type, mdevUuid, params, hold }) => ({
        parent: parent.address,
        type: type.name,
        mdevUuid: mdevUuid ?? null,
        params,
        vm: hold?.vmName ?? null,
      })),
    }));
  }

  /** Sets how the host misbehaves. */
  setFaults(faults: Partial<HostFaults>): void {
    Object.assign(this.faults, faults);
  }

  /** What an update of the distribution does: another kernel for the next boot, which DKMS builds for if it can. */
  updateKernel(release: string, headers: boolean): void {
    if (this.machine === undefined) return;
    this.machine.installKernel(release, headers);
    dkmsAutoinstall(this.machine, release);
  }

  /** The vGPU with this UUID, or on this VF. */
  findVgpu(id: string): { gpu: Gpu; vgpu: SimulatedVgpu } | undefined {
    for (const gpu of this.gpus) {
      const vgpu = gpu.vgpus.find((each) => each.mdevUuid === id.toLowerCase() || each.parent.address === id);
      if (vgpu !== undefined) return { gpu, vgpu };
    }
    return undefined;
  }

  /**
   * A VM starts to use a vGPU: a process `qemu-system-x86_64` of the machine has its VFIO group open until the returned
   * function is called; it has its pid. @throws Error when the vGPU does not exist or is in use
   */
  async hold(id: string, vm: VgpuHold): Promise<(() => Promise<void>) & { readonly pid: number }> {
    const found = this.findVgpu(id);
    if (found === undefined || found.vgpu.hold !== undefined || this.machine === undefined) {
      throw new Error(`${vm.vmName} cannot use ${id}: ${found === undefined ? "no such vGPU" : "in use"}`);
    }
    const { gpu, vgpu } = found;
    gpu.hold(vgpu, vm);
    const device =
      vgpu.mdevUuid === undefined
        ? `/sys/bus/pci/devices/${vgpu.parent.address}`
        : `/sys/bus/mdev/devices/${vgpu.mdevUuid}`;
    const held = await this.machine.holdOpen(`/dev/vfio/${vgpu.iommuGroup}`, "qemu-system-x86_64", [
      ...["-name", `guest=${vm.vmName},debug-threads=on`, "-uuid", vm.vmUuid],
      ...["-device", `vfio-pci,sysfsdev=${device}`],
    ]);
    const end = async () => {
      await held.release();
      if (vgpu.hold === vm) gpu.release(vgpu);
    };
    return Object.assign(end, { pid: held.pid });
  }

  later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  /** Makes the next VF of a GPU appear. */
  addVirtualFunction(gpu: Gpu): void {
    const index = gpu.virtualFunctions.length;
    const fn = virtualFunction(gpu, index, this.#topology.firstVfGroup(gpu));
    gpu.virtualFunctions.push(fn);
    this.bus.add(fn);
    if (this.typesPublished && this.options.sriovInterface === "mdev") this.parentsRegistered([fn.address]);
  }

  dropVirtualFunctions(gpu: Gpu): void {
    for (const vf of gpu.virtualFunctions.splice(0)) this.bus.remove(vf);
  }

  parentsRegistered(addresses: readonly string[]): void {
    const { machine } = this;
    if (machine === undefined || !machine.poweredOn || !ruleFindsMdevctl(machine)) return;
    for (const address of addresses) void startParentMdevs(this.sys, machine, address);
  }

  readonly surface: VgpuSurface = this.#makeSurface();

  #makeSurface(): VgpuSurface {
    const model = this;
    return {
      get typesPublished() {
        return model.typesPublished;
      },
      get sriovInterface() {
        return model.options.sriovInterface;
      },
      removeMdev: async (gpu, vgpu) => {
        await this.#vmComesBetween(vgpu);
        await gpu.removeMdev(vgpu);
      },
      createMdev: async (gpu, parent, request) => this.#createMdev(gpu, parent, request),
      writeVendorType: async (gpu, parent, text) => {
        if (!/^\d+$/.test(text)) throw new SysError("EINVAL");
        if (text !== "0" && !this.typesPublished) throw new SysError("EIO");
        if (text !== "0" && this.faults.silentWrites > 0) {
          this.faults.silentWrites--;
          return;
        }
        gpu.failCreates = this.#useFailCreates(gpu, text !== "0");
        gpu.writeVendorType(parent, Number(text));
      },
    };
  }

  async #vmComesBetween({ mdevUuid = "" }: SimulatedVgpu): Promise<void> {
    const vmName = this.faults.vmBeforeRemoval;
    if (vmName === undefined) return;
    this.faults.vmBeforeRemoval = undefined;
    this.#suddenVms.set(
      vmName,
      await this.hold(mdevUuid, { vmName, vmUuid: globalThis.crypto.randomUUID() }),
    );
  }

  /** Ends the VM that came by `vmBeforeRemoval`. */
  async endSuddenVm(vmName: string): Promise<void> {
    await this.#suddenVms.get(vmName)?.();
  }

  #createMdev(gpu: Gpu, parent: PciFunction, request: { type: SimulatedType; text: string }): void {
    const uuid = kernelUuid(request.text);
    if (this.findVgpu(uuid) !== undefined) throw new SysError("EEXIST");
    if (vgpuKindOn(gpu, parent, this.surface) !== "mdev") throw new SysError("ENODEV");
    gpu.failCreates = this.#useFailCreates(gpu, true);
    gpu.createMdev({ parent, type: request.type, uuid, iommuGroup: this.#freeIommuGroup() });
  }

  #useFailCreates(gpu: Gpu, creating: boolean): number {
    if (!creating || this.faults.failCreates === 0) return gpu.failCreates;
    this.faults.failCreates--;
    return 1;
  }

  #freeIommuGroup(): number {
    const used = new Set(this.gpus.flatMap((gpu) => gpu.vgpus.map((vgpu) => vgpu.iommuGroup)));
    let group = this.#topology.firstMdevGroup;
    while (used.has(group)) group++;
    return group;
  }

  /** Only sriov-manage makes VFs: no driver of NVIDIA's lets sysfs do it, and the kernel says so. Source: programs.md section 5 */
  #writeNumVfs(gpu: Gpu, text: string): void {
    const wanted = Number(text);
    if (text === "" || !Number.isInteger(wanted) || wanted < 0) throw new SysError("EINVAL");
    if (wanted > gpu.board.totalVfs) throw new SysError("ERANGE");
    if (wanted === gpu.virtualFunctions.length) return;
    throw new SysError("ENOENT");
  }

  #appeared(vgpu: SimulatedVgpu): void {
    this.machine?.writeFile(`/dev/vfio/${vgpu.iommuGroup}`, "", 0o600);
    for (const watcher of this.watchers) watcher.appeared(vgpu);
  }

  #vanished(vgpu: SimulatedVgpu): void {
    this.machine?.removeFile(`/dev/vfio/${vgpu.iommuGroup}`);
    for (const watcher of this.watchers) watcher.vanished(vgpu);
  }
}
