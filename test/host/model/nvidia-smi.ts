import type { ToolHandler, ToolResult } from "../types.js";
import type { Gpu } from "./gpu.js";
import type { HostState } from "./host-state.js";
import { loadedVersion } from "./kernel-modules.js";
import { vgpuCommand } from "./nvidia-smi-vgpu.js";
import { gpuIndex, type SmiCall, visibleGpus } from "./smi-call.js";
import { csvAnswer, framed, noDevices, noDriver, smiAddress, smiLine, smiTime, smiUuid } from "./smi-form.js";

/**
 * Returns nvidia-smi of a vGPU host. Forms: sample-outputs/nvidia-smi*.txt. While the unbind lock is held every open of a
 * GPU is answered ENODEV: programs.md section 5.
 */
export function hostSmi(model: HostState): ToolHandler {
  return (call, machine) => {
    const version = loadedVersion(machine, "nvidia");
    if (version === undefined) return noDriver;
    if (model.faults.unbindHeld > 0) {
      model.faults.unbindHeld--;
      return noDevices;
    }
    const { selected, words } = select(model, call.argv);
    if (selected.length === 0) return noDevices;
    if (words[0] === "vgpu") return vgpuCommand({ model, gpus: selected, version, words: words.slice(1) });
    return answer({ model, gpus: selected, version, words });
  };
}

function select(model: HostState, argv: readonly string[]): { selected: Gpu[]; words: string[] } {
  const words = [...argv];
  let selected = visibleGpus(model);
  const at = words.findIndex((word) => word === "-i" || word === "--id" || word.startsWith("--id="));
  if (at >= 0) {
    const joined = words[at]?.startsWith("--id=") === true;
    const id = (joined ? words[at]?.slice(5) : words[at + 1]) ?? "";
    words.splice(at, joined ? 1 : 2);
    const wanted = id.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/, "");
    selected = selected.filter(
      (gpu, index) => String(index) === id || gpu.address === wanted || gpuUuid(gpu) === id,
    );
  }
  return { selected, words };
}

function gpuUuid(gpu: Gpu): string {
  return `GPU-${smiUuid(gpu.address)}`;
}

function answer(call: SmiCall): ToolResult {
  const [first = ""] = call.words;
  if (first === "") return { code: 0, stdout: banner(call) };
  if (first === "-L" || first === "--list-gpus") {
    const lines = call.gpus.map(
      (gpu) => `GPU ${gpuIndex(call.model, gpu)}: ${gpu.board.name} (UUID: ${gpuUuid(gpu)})\n`,
    );
    return { code: 0, stdout: lines.join("") };
  }
  if (first === "-q" || first === "--query") return { code: 0, stdout: query(call) };
  if (first.startsWith("--query-gpu=")) return csv(call, first.slice("--query-gpu=".length));
  return { code: 2, stdout: `Invalid combination of input arguments: ${call.words.join(" ")}\n` };
}

function banner({ model, gpus, version }: SmiCall): string {
  const edge = "+-----------------------------------------------------------------------------+";
  const head = `NVIDIA-SMI ${version.padEnd(12)} Driver Version: ${version.padEnd(12)} CUDA Version: N/A`;
  const lines = [smiTime(new Date()), edge, framed(head, 75), edge];
  for (const gpu of gpus) {
    const memory = `${gpu.usedFramebufferMiB}MiB / ${gpu.board.framebufferMiB}MiB`;
    const name = gpu.board.name.slice(0, 28).padEnd(28);
    lines.push(
      framed(`${gpuIndex(model, gpu)}  ${name} On  | ${smiAddress(gpu.address)} Off | ${memory}`, 75),
    );
  }
  return `${[...lines, edge].join("\n")}\n`;
}

function query({ gpus, version, model }: SmiCall): string {
  const lines = ["", "==============NVSMI LOG==============", ""];
  lines.push(smiLine(0, "Timestamp", smiTime(new Date())));
  lines.push(smiLine(0, "Driver Version", version), smiLine(0, "CUDA Version", "Not Found"));
  lines.push(smiLine(0, "vGPU Driver Capability"));
  lines.push(smiLine(2, "Heterogenous Multi-vGPU", "Supported"), "");
  lines.push(smiLine(0, "Attached GPUs", visibleGpus(model).length));
  for (const gpu of gpus) lines.push(...gpuReport(model, gpu));
  return `${lines.join("\n")}\n`;
}

function gpuReport(model: HostState, gpu: Gpu): string[] {
  const { board, physicalFunction } = gpu;
  const address = physicalFunction.address;
  const ids = (device: string, vendor: string) => `0x${device.toUpperCase()}${vendor.toUpperCase()}`;
  const sriov = !board.legacy && gpu.virtualFunctions.length > 0;
  const hostMode = board.legacy ? "Non SR-IOV" : "SR-IOV";
  return [
    `GPU ${smiAddress(address)}`,
    smiLine(1, "Product Name", board.name),
    smiLine(1, "Product Brand", board.brand),
    smiLine(1, "Product Architecture", board.architecture),
    smiLine(1, "Persistence Mode", "Enabled"),
    smiLine(1, "MIG Mode"),
    smiLine(2, "Current", "N/A"),
    smiLine(2, "Pending", "N/A"),
    smiLine(1, "GPU UUID", gpuUuid(gpu)),
    smiLine(1, "Minor Number", gpuIndex(model, gpu)),
    smiLine(1, "GPU Virtualization Mode"),
    smiLine(2, "Virtualization Mode", "Host VGPU"),
    smiLine(2, "Host VGPU Mode", hostMode),
    smiLine(2, "vGPU Heterogeneous Mode", sriov || hostMode === "Non SR-IOV" ? mode(gpu) : "Disabled"),
    smiLine(1, "PCI"),
    smiLine(2, "Bus", `0x${address.slice(5, 7).toUpperCase()}`),
    smiLine(2, "Device", `0x${address.slice(8, 10).toUpperCase()}`),
    smiLine(2, "Domain", `0x${address.slice(0, 4).toUpperCase()}`),
    smiLine(2, "Device Id", ids(board.deviceId, "10de")),
    smiLine(2, "Bus Id", smiAddress(address)),
    smiLine(2, "Sub System Id", ids(board.subsystemId, "10de")),
    ...memoryLines(gpu),
    smiLine(1, "Ecc Mode"),
    smiLine(2, "Current", "Enabled"),
    smiLine(2, "Pending", "Enabled"),
    smiLine(1, "Processes", "None"),
  ];
}

function memoryLines({ board, usedFramebufferMiB: used }: Gpu): string[] {
  return [
    smiLine(1, "FB Memory Usage"),
    smiLine(2, "Total", `${board.framebufferMiB} MiB`),
    smiLine(2, "Reserved", "0 MiB"),
    smiLine(2, "Used", `${used} MiB`),
    smiLine(2, "Free", `${board.framebufferMiB - used} MiB`),
    smiLine(1, "BAR1 Memory Usage"),
    smiLine(2, "Total", `${board.bar1MiB} MiB`),
    smiLine(2, "Used", "2 MiB"),
    smiLine(2, "Free", `${board.bar1MiB - 2} MiB`),
  ];
}

function mode(gpu: Gpu): string {
  return gpu.mixedSize ? "Enabled" : "Disabled";
}

function csv(call: SmiCall, list: string): ToolResult {
  const plain = call.words.some((word) => word.includes("nounits"));
  const unit = (value: number) => (plain ? String(value) : `${value} MiB`);
  const rows = call.gpus.map((gpu) => ({
    index: String(gpuIndex(call.model, gpu)),
    name: gpu.board.name,
    gpu_name: gpu.board.name,
    uuid: gpuUuid(gpu),
    gpu_uuid: gpuUuid(gpu),
    "pci.bus_id": smiAddress(gpu.address),
    gpu_bus_id: smiAddress(gpu.address),
    driver_version: call.version,
    "memory.total": unit(gpu.board.framebufferMiB),
    "memory.used": unit(gpu.usedFramebufferMiB),
    "mig.mode.current": "[N/A]",
    "mig.mode.pending": "[N/A]",
    "ecc.mode.current": "Enabled",
    "ecc.mode.pending": "Enabled",
    persistence_mode: "Enabled",
  }));
  return csvAnswer(call.words, list, rows);
}
