import type { Machine } from "../types.js";
import { loadVendorModules, managerUnit, registerVendorModules, typesUnit } from "./host-modules.js";
import type { HostState } from "./host-state.js";
import { installerTool } from "./installer.js";
import type { DriverContent } from "./installer-run.js";
import { hostSmi } from "./nvidia-smi.js";
import { sriovManageTool } from "./sriov-manage.js";

const unitFolder = "/usr/lib/systemd/system";
const configPath = "/usr/share/nvidia/vgpu/vgpuConfig.xml";

/** Returns what the vGPU manager's package puts on a host. Source: hosts.md b */
export function managerContent(model: HostState): DriverContent {
  return {
    flavour: "vgpu-kvm",
    modules: ["nvidia", "nvidia_vgpu_vfio"],
    moduleFiles: ["nvidia", "nvidia-vgpu-vfio"],
    services: [managerUnit, typesUnit],
    installFiles(machine, version) {
      machine.writeFile(configPath, vgpuConfig(model, version));
      machine.installTool("/usr/bin/nvidia-smi", hostSmi(model));
      machine.installTool("/usr/lib/nvidia/sriov-manage", sriovManageTool(model));
      machine.installTool("/usr/bin/nvidia-uninstall", installerTool(managerContent(model), model.faults));
    },
    installServices: (machine) => installServices(model, machine),
    remove: (machine) => remove(machine),
    registerModules: (machine) => registerVendorModules(model, machine),
    loadModules: (machine) => loadVendorModules(machine),
  };
}

function vgpuConfig(model: HostState, version: string): string {
  const types = model.gpus.flatMap((gpu) =>
    gpu.board.types.map((type) => `  <vgpuType id="${type.id}" name="${type.name}"/>`),
  );
  return [`<!-- ${version} -->`, "<vgpuconfig>", ...new Set(types), "</vgpuconfig>", ""].join("\n");
}

function installServices(model: HostState, machine: Machine): void {
  machine.writeFile(
    `${unitFolder}/${typesUnit}`,
    unitText("NVIDIA vGPU Daemon", "/usr/bin/nvidia-vgpud", []),
  );
  machine.writeFile(
    `${unitFolder}/${managerUnit}`,
    unitText("NVIDIA vGPU Manager Daemon", "/usr/bin/nvidia-vgpu-mgr", [`After=${typesUnit}`]),
  );
  machine.installTool("/usr/bin/nvidia-vgpud", () => attempt(() => publishTypes(model, machine)));
  machine.installTool("/usr/bin/nvidia-vgpu-mgr", () => attempt(() => startManager(machine)));
  machine.setUnitHandler(typesUnit, { start: () => publishTypes(model, machine), daemon: false });
  machine.setUnitHandler(managerUnit, { start: () => startManager(machine) });
  machine.enableUnit(typesUnit);
  machine.enableUnit(managerUnit);
}

function unitText(description: string, program: string, order: readonly string[]): string {
  const unit = [
    "[Unit]",
    `Description=${description}`,
    "Wants=syslog.target",
    "After=syslog.target",
    ...order,
  ];
  const run = program.slice(program.lastIndexOf("/") + 1);
  const service = [
    "[Service]",
    "Type=forking",
    `ExecStart=${program}`,
    `ExecStopPost=/bin/rm -rf /var/run/${run}`,
  ];
  return [...unit, "", ...service, "", "[Install]", "WantedBy=multi-user.target", ""].join("\n");
}

function attempt(work: () => void): { code: number; stderr?: string } {
  try {
    work();
    return { code: 0 };
  } catch (error) {
    return { code: 6, stderr: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

/** nvidia-vgpud tells the driver its types, and ends. Facts: sample-outputs/systemctl-nvidia-vgpud.failed.txt */
function publishTypes(model: HostState, machine: Machine): void {
  const say = (line: string) => machine.journal(typesUnit, line);
  if (!machine.modules.loaded("nvidia")) throw new Error("error: the NVIDIA driver does not answer");
  if (model.faults.failVgpud > 0) {
    model.faults.failVgpud--;
    throw new Error("error: failed to send vGPU configuration info to RM: 6");
  }
  const gpus = model.gpus.filter((gpu) => gpu.physicalFunction.driver === "nvidia");
  say(`vGPU types: ${gpus.reduce((sum, gpu) => sum + gpu.board.types.length, 0)}`);
  if (gpus.length === 0) throw new Error("error: no GPU that vGPU supports; status=6/NOTCONFIGURED");
  model.typesPublished = true;
  model.parentsRegistered(
    gpus.flatMap((gpu) => [gpu, ...gpu.virtualFunctions]).map(({ address }) => address),
  );
}

function startManager(machine: Machine): void {
  if (!machine.modules.loaded("nvidia_vgpu_vfio")) throw new Error("error: nvidia_vgpu_vfio is not loaded");
  machine.journal(managerUnit, "notice: vmiop_env_log: nvidia-vgpu-mgr daemon started");
}

function remove(machine: Machine): void {
  for (const unit of [typesUnit, managerUnit]) {
    machine.disableUnit(unit);
    machine.removeFile(`${unitFolder}/${unit}`);
    machine.setUnitHandler(unit, undefined);
  }
  for (const tool of [
    "/usr/bin/nvidia-smi",
    "/usr/lib/nvidia/sriov-manage",
    "/usr/bin/nvidia-vgpud",
    "/usr/bin/nvidia-vgpu-mgr",
    "/usr/bin/nvidia-uninstall",
  ]) {
    machine.removeTool(tool);
  }
  machine.removeFile(configPath);
}
