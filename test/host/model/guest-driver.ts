import { type Machine, SysError } from "../types.js";
import { blocked, moduleOnDisk, refusedBySecureBoot } from "./driver-files.js";
import { griddConf, griddHandler, griddUnit, setLicense, tokenFolder } from "./gridd.js";
import { guestSmi } from "./guest-smi.js";
import type { GuestState } from "./guest-state.js";
import { installerTool } from "./installer.js";
import type { DriverContent } from "./installer-run.js";
import { noteLoadedVersion } from "./kernel-modules.js";
import { releasesFit } from "./release-fit.js";

const unitPath = `/usr/lib/systemd/system/${griddUnit}`;
const modules = ["nvidia", "nvidia_modeset", "nvidia_drm"];
const defaultRestrictMs = 20 * 60 * 1000;

/** Returns what the Linux guest driver's package puts on a guest. Source: guests.md section 1 and 4 */
export function guestContent(guest: GuestState): DriverContent {
  return {
    flavour: "grid",
    modules,
    moduleFiles: ["nvidia", "nvidia-modeset", "nvidia-drm"],
    services: [griddUnit],
    installFiles(machine) {
      machine.installTool("/usr/bin/nvidia-smi", guestSmi(guest));
      machine.installTool("/usr/bin/nvidia-uninstall", installerTool(guestContent(guest), guest.faults));
      machine.writeFile(
        `${griddConf}.template`,
        "# Settings of nvidia-gridd\nServerAddress=\nFeatureType=0\n",
      );
      machine.writeFile(`${tokenFolder}/.keep`, "");
    },
    installServices(machine) {
      machine.writeFile(unitPath, unitText);
      machine.installTool("/usr/bin/nvidia-gridd", () => ({ code: 0 }));
      machine.setUnitHandler(griddUnit, griddHandler(guest, machine));
      machine.enableUnit(griddUnit);
    },
    remove,
    registerModules: (machine) => registerGuestVendorModules(guest, machine),
    loadModules: loadGuestModules,
  };
}

const unitText = `[Unit]
Description=NVIDIA Grid Daemon
Wants=network-online.target
After=network-online.target syslog.target

[Service]
Type=forking
ExecStart=/usr/bin/nvidia-gridd
ExecStopPost=/bin/rm -rf /var/run/nvidia-gridd

[Install]
WantedBy=multi-user.target
`;

function remove(machine: Machine): void {
  machine.disableUnit(griddUnit);
  machine.removeFile(unitPath);
  machine.setUnitHandler(griddUnit, undefined);
  for (const tool of ["/usr/bin/nvidia-smi", "/usr/bin/nvidia-gridd", "/usr/bin/nvidia-uninstall"]) {
    machine.removeTool(tool);
  }
  machine.removeFile(`${griddConf}.template`);
}

/** Tells the machine which modules its kernel has. */
export function registerGuestModules(guest: GuestState, machine: Machine): void {
  machine.modules.register("nouveau", {
    load: () => guest.bus.register({ name: "nouveau", module: "nouveau", matches: (fn) => fn.isNvidiaGpu }),
    unload: () => guest.bus.unregister("nouveau"),
  });
  registerGuestVendorModules(guest, machine);
}

function registerGuestVendorModules(guest: GuestState, machine: Machine): void {
  const file = moduleOnDisk(machine, "nvidia");
  if (file === undefined) {
    for (const name of modules) machine.modules.unregister(name);
    return;
  }
  const { version } = file;
  machine.modules.register("nvidia", {
    version,
    load: () => loadNvidia(guest, machine),
    unload: async () => {
      await guest.bus.unregister("nvidia");
      stopDriver(guest);
    },
    users: () => (machine.unitActive(griddUnit) && guest.driverWorks ? ["nvidia-gridd"] : []),
  });
  machine.modules.register("nvidia_modeset", { version, depends: ["nvidia"] });
  machine.modules.register("nvidia_drm", { version, depends: ["nvidia_modeset"] });
}

/** Loads what a guest's boot loads. */
export async function bootGuestModules(guest: GuestState, machine: Machine): Promise<void> {
  const nouveauBlocked = blocked(machine, "nouveau", "initramfs") && blocked(machine, "nouveau", "root");
  if (!nouveauBlocked && guest.vgpu !== undefined) await machine.modules.load("nouveau").catch(() => {});
  if (machine.modules.known("nvidia") && guest.vgpu !== undefined) await loadGuestModules(machine);
}

async function loadGuestModules(machine: Machine): Promise<boolean> {
  for (const name of modules) {
    if (!blocked(machine, name, "root")) await machine.modules.load(name).catch(() => {});
  }
  return machine.modules.loaded("nvidia");
}

function loadNvidia(guest: GuestState, machine: Machine): void {
  const file = moduleOnDisk(machine, "nvidia");
  if (file === undefined) throw new SysError("ENOENT");
  if (refusedBySecureBoot(machine, file)) throw new SysError("EPERM");
  const fn = guest.bus.find(guest.address);
  if (fn === undefined || fn.driver !== undefined) throw new SysError("ENODEV");
  noteLoadedVersion(machine, "nvidia", file.version);
  guest.bus.register({ name: "nvidia", module: "nvidia", matches: (each) => each.isNvidiaGpu });
  startDriver(guest, machine, file.version);
}

/** A guest that the host's manager does not know how to talk to keeps its vGPU disabled. Source: guests.md section 3 */
function startDriver(guest: GuestState, machine: Machine, version: string): void {
  const { vgpu } = guest;
  if (vgpu === undefined) return;
  if (!releasesFit(vgpu.managerVersion, version)) {
    machine.kernelLog("NVRM: RmInitAdapter failed! (0x22:0x65:884)");
    machine.kernelLog("NVRM: the vGPU manager of the host does not work with this driver");
    return;
  }
  guest.driverWorks = true;
  vgpu.vgpu.guestDriverVersion = version;
  setLicense(guest, "unlicensed");
  guest.later(guest.licensing.restrictAfterMs ?? defaultRestrictMs, () => {
    if (guest.driverWorks && guest.license === "unlicensed") setLicense(guest, "restricted");
  });
}

function stopDriver(guest: GuestState): void {
  setLicense(guest, "unlicensed");
  guest.driverWorks = false;
  if (guest.vgpu === undefined) return;
  guest.vgpu.vgpu.guestDriverVersion = undefined;
  guest.vgpu.vgpu.licenseStatus = undefined;
}
