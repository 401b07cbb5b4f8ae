import { type Machine, SysError } from "../types.js";
import { blocked, moduleOnDisk, refusedBySecureBoot } from "./driver-files.js";
import type { Gpu } from "./gpu.js";
import type { HostState } from "./host-state.js";
import { noteLoadedVersion } from "./kernel-modules.js";
import type { PciDriver } from "./pci-bus.js";
import type { PciFunction } from "./pci-function.js";

export const managerUnit = "nvidia-vgpu-mgr.service";
export const typesUnit = "nvidia-vgpud.service";
/** What every client of the driver has open. */
const controlNode = "/dev/nvidiactl";

/** Tells the machine which modules its kernel has: the distribution's always, the vendor's when they are on disk. */
export function registerHostModules(model: HostState, machine: Machine): void {
  const { modules } = machine;
  machine.removeFile(controlNode);
  modules.register("vfio", {});
  modules.register("vfio_iommu_type1", { depends: ["vfio"] });
  modules.register("mdev", { depends: ["vfio"] });
  modules.register("vfio_pci", {
    depends: ["vfio"],
    load: () => model.bus.register({ name: "vfio-pci", module: "vfio_pci", matches: () => false }),
    unload: () => model.bus.unregister("vfio-pci"),
  });
  modules.register("nouveau", {
    load: () => model.bus.register(nouveau),
    unload: () => model.bus.unregister("nouveau"),
    users: () => (model.gpus.some(drivesConsole) ? ["fbcon"] : []),
  });
  if (model.options.nova === true) {
    modules.register("nova_core", {
      load: () => model.bus.register(nova),
      unload: () => model.bus.unregister(nova.name),
    });
  }
  registerVendorModules(model, machine);
}

/** Registers what is on disk now, and takes back what is gone. */
export function registerVendorModules(model: HostState, machine: Machine): void {
  const { modules } = machine;
  const file = moduleOnDisk(machine, "nvidia");
  const vfio = moduleOnDisk(machine, "nvidia-vgpu-vfio");
  // A driver whose file is gone runs on until it is unloaded, and modinfo finds nothing.
  if (file === undefined && !modules.loaded("nvidia")) modules.unregister("nvidia");
  else {
    modules.register("nvidia", {
      ...(file === undefined ? { fileGone: true } : { version: file.version }),
      load: () => loadNvidia(model, machine),
      unload: () => unloadNvidia(model),
      users: () => (machine.unitActive(managerUnit) ? ["nvidia-vgpu-mgr"] : []),
    });
  }
  if (vfio === undefined || file === undefined) modules.unregister("nvidia_vgpu_vfio");
  else {
    modules.register("nvidia_vgpu_vfio", {
      version: vfio.version,
      depends: ["nvidia", needsMdev(model) ? "mdev" : "vfio"],
      load: () => noteLoadedVersion(machine, "nvidia_vgpu_vfio", vfio.version),
      users: () => model.gpus.flatMap((gpu) => gpu.vgpus.flatMap((vgpu) => vgpu.hold?.vmName ?? [])),
    });
  }
}

/** Loads what a boot loads: nouveau unless both the initramfs and the root block it, then the vendor's. */
export async function bootModules(model: HostState, machine: Machine): Promise<void> {
  for (const name of ["nova_core", "nouveau"]) {
    const away = blocked(machine, name, "initramfs") && blocked(machine, name, "root");
    if (!away && model.gpus.length > 0 && machine.modules.known(name)) await tryLoad(machine, name);
  }
  await loadVendorModules(machine);
}

/** Loads the vendor's modules that are on disk. Returns whether the driver is there afterwards. */
export async function loadVendorModules(machine: Machine): Promise<boolean> {
  for (const name of ["nvidia", "nvidia_vgpu_vfio"]) {
    if (machine.modules.known(name) && !blocked(machine, name, "root")) await tryLoad(machine, name);
  }
  return machine.modules.loaded("nvidia");
}

async function tryLoad(machine: Machine, name: string): Promise<void> {
  try {
    await machine.modules.load(name);
  } catch (error) {
    machine.kernelLog(`${name}: not loaded: ${error instanceof SysError ? error.errno : String(error)}`);
  }
}

const nouveau: PciDriver = {
  name: "nouveau",
  module: "nouveau",
  matches: (fn) => fn.isNvidiaGpu && fn.identity.physicalFunction === undefined,
};

/** Binds by class, whatever blocks nouveau. Source: programs.md section 7 */
const nova: PciDriver = { ...nouveau, name: "NovaCore", module: "nova_core" };

function drivesConsole(gpu: Gpu): boolean {
  return gpu.physicalFunction.driver === "nouveau" && gpu.physicalFunction.identity.bootVga === true;
}

function needsMdev(model: HostState): boolean {
  return model.options.sriovInterface === "mdev" || model.gpus.some((gpu) => gpu.board.legacy);
}

function loadNvidia(model: HostState, machine: Machine): void {
  const file = moduleOnDisk(machine, "nvidia");
  if (file === undefined) throw new SysError("ENOENT");
  if (refusedBySecureBoot(machine, file)) {
    machine.kernelLog("Loading of module with unavailable key is rejected: nvidia");
    throw new SysError("EPERM");
  }
  const free = model.gpus.filter((gpu) => gpu.physicalFunction.driver === undefined);
  if (free.length === 0) {
    machine.kernelLog("NVRM: no GPU is free for this driver: another one, such as nouveau, has them all");
    throw new SysError("ENODEV");
  }
  const ignored = free.filter((gpu) => model.faults.ignoredBoards.includes(gpu.address));
  for (const gpu of ignored) sayIgnored(machine, gpu, file.version);
  if (ignored.length === free.length) {
    machine.kernelLog("NVRM: No NVIDIA GPU found.");
    throw new SysError("ENODEV");
  }
  noteLoadedVersion(machine, "nvidia", file.version);
  machine.writeFile(controlNode, "", 0o666);
  machine.kernelLog(`NVRM: loading NVIDIA UNIX x86_64 Kernel Module  ${file.version}`);
  model.bus.register({
    name: "nvidia",
    module: "nvidia",
    matches: (fn) => fn.isNvidiaGpu && !model.faults.ignoredBoards.includes(fn.address),
    unbinding: (fn) => leaveFunction(model, fn),
  });
}

/** Source: settings.md, on what R590 and later leave alone */
function sayIgnored(machine: Machine, gpu: Gpu, version: string): void {
  machine.kernelLog(`NVRM: The NVIDIA ${gpu.board.name} GPU installed in this system is`);
  machine.kernelLog("NVRM:  supported through the NVIDIA 580.xx Legacy drivers. Please");
  machine.kernelLog("NVRM:  visit the vendor's page of drivers for more");
  machine.kernelLog(`NVRM:  information.  The ${version} NVIDIA driver will ignore`);
  machine.kernelLog("NVRM:  this GPU.  Continuing probe...");
}

/** Everything the driver made dies with it: VFs, vGPUs, size mode, published types. */
async function unloadNvidia(model: HostState): Promise<void> {
  await model.bus.unregister("nvidia");
  model.machine?.removeFile(controlNode);
  model.typesPublished = false;
}

async function leaveFunction(model: HostState, fn: PciFunction): Promise<void> {
  for (const gpu of model.gpus) {
    if (gpu.physicalFunction === fn) {
      await gpu.idle();
      gpu.clear();
      model.dropVirtualFunctions(gpu);
    } else if (gpu.virtualFunctions.includes(fn)) {
      const vgpu = gpu.vgpuOn(fn);
      if (vgpu !== undefined) await gpu.removeMdev(vgpu);
      fn.wedged = true;
    }
  }
}
