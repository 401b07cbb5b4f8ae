import type { Machine, MachineModel, SysNode, SysTree, ToolHandler } from "../types.js";
import type { VgpuHold } from "./gpu.js";
import type { GpuModel } from "./gpu-model.js";
import { mdevctlTool, startParentMdevs } from "./mdevctl.js";
import { ruleFindsMdevctl } from "./mdevctl-rule.js";
import { Mtty, type MttyMdev } from "./mtty.js";
import { mttyTree } from "./mtty-sys.js";
import { EntryTree } from "./sys-nodes.js";

/** Two trees at one place: directories of both are one. */
class BothTrees implements SysTree {
  readonly #first: SysTree;
  readonly #second: SysTree;

  constructor(first: SysTree, second: SysTree) {
    this.#first = first;
    this.#second = second;
  }

  lookup(path: string): SysNode | undefined {
    return this.#first.lookup(path) ?? this.#second.lookup(path);
  }

  list(path: string): string[] {
    return [...new Set([...this.#first.list(path), ...this.#second.list(path)])];
  }
}

/** A server with the kernel's sample mdev driver; what else it is made of is another model's. */
export class MttyModel implements MachineModel {
  readonly sys: SysTree;
  readonly mtty = new Mtty((mdev, there) => this.#changed(mdev, there));
  readonly #server: GpuModel;
  readonly #loadAfterMs: number | undefined;
  #loading: NodeJS.Timeout | undefined;
  #machine: Machine | undefined;

  /** @param loadAfterMs when something loads the module in each boot; else modules-load.d does, or nobody */
  constructor(server: GpuModel, loadAfterMs?: number) {
    this.#server = server;
    this.#loadAfterMs = loadAfterMs;
    this.sys = new BothTrees(server.sys, new EntryTree(mttyTree(this.mtty)));
  }

  tools(): Record<string, ToolHandler> {
    const tools = Object.entries(this.#server.tools());
    const own = mdevctlTool(this.sys);
    return Object.fromEntries(
      tools.map(([path, handler]) => [path, path.endsWith("/mdevctl") ? own : handler]),
    );
  }

  async boot(machine: Machine): Promise<void> {
    this.#machine = machine;
    await this.#server.boot(machine);
    machine.modules.register("mtty", {
      version: "0.1",
      depends: ["mdev"],
      load: () => this.#load(machine),
      unload: () => this.mtty.clear(),
      users: () => this.mtty.mdevs.flatMap(({ hold }) => hold?.vmName ?? []),
    });
    if (this.#loadAfterMs === undefined) return;
    this.#loading = setTimeout(() => void machine.modules.load("mtty"), this.#loadAfterMs);
  }

  powerOff(): void {
    clearTimeout(this.#loading);
    this.mtty.clear();
    this.#server.powerOff();
  }

  /** In the form of a GPU's, so that the same tests can look at it. */
  snapshot(): unknown {
    const vgpus = this.mtty.mdevs.map(({ uuid, type, hold }) => ({
      parent: "mtty",
      type: type.folder,
      mdevUuid: uuid,
      vm: hold?.vmName ?? null,
    }));
    return [{ address: "mtty", loaded: this.mtty.loaded, virtualFunctions: 0, vgpus }];
  }

  /** A VM starts to use an mdev, as `GpuModel.hold` has it. @throws Error when there is none, or it is in use */
  async hold(id: string, vm: VgpuHold): Promise<(() => Promise<void>) & { readonly pid: number }> {
    const mdev = this.mtty.mdevs.find(({ uuid }) => uuid === id.toLowerCase());
    if (mdev === undefined || mdev.hold !== undefined || this.#machine === undefined)
      throw new Error(`${vm.vmName} cannot use ${id}: ${mdev === undefined ? "no such mdev" : "in use"}`);
    mdev.hold = vm;
    const held = await this.#machine.holdOpen(`/dev/vfio/${mdev.iommuGroup}`, "qemu-system-x86_64", [
      ...["-name", `guest=${vm.vmName},debug-threads=on`, "-uuid", vm.vmUuid],
      ...["-device", `vfio-pci,sysfsdev=/sys/bus/mdev/devices/${mdev.uuid}`],
    ]);
    const end = async () => {
      await held.release();
      if (mdev.hold === vm) this.mtty.release(mdev);
    };
    return Object.assign(end, { pid: held.pid });
  }

  #load(machine: Machine): void {
    this.mtty.loaded = true;
    machine.kernelLog("mtty mtty: MDEV: Registered");
    if (ruleFindsMdevctl(machine)) void startParentMdevs(this.sys, machine, "mtty");
  }

  #changed(mdev: MttyMdev, there: boolean): void {
    const group = `/dev/vfio/${mdev.iommuGroup}`;
    if (there) this.#machine?.writeFile(group, "", 0o600);
    else this.#machine?.removeFile(group);
  }
}
