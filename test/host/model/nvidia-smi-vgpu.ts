import type { ToolResult } from "../types.js";
import type { Gpu, SimulatedVgpu } from "./gpu.js";
import type { SimulatedType } from "./simulated-boards.js";
import { gpuIndex, type SmiCall } from "./smi-call.js";
import { smiAddress, smiLine, smiTime, smiUuid } from "./smi-form.js";

/** Answers `nvidia-smi vgpu ...`. Forms: sample-outputs/nvidia-smi-vgpu*.txt */
export function vgpuCommand(call: SmiCall): ToolResult {
  const { words } = call;
  const verbose = words.includes("-v") || words.includes("--verbose");
  if (words.length === 0) return { code: 0, stdout: table(call) };
  if (words.includes("-q") || words.includes("--query")) return report(call, queryLines);
  if (words.includes("-s") || words.includes("--supported")) {
    return report(call, (gpu) => typeLines(call.model.typesPublished ? gpu.board.types : [], verbose));
  }
  if (words.includes("-c") || words.includes("--creatable")) {
    return report(call, (gpu) => typeLines(creatable(call, gpu), verbose));
  }
  const at = words.indexOf("-shm");
  if (at >= 0) return setMixedSize(call, words[at + 1] ?? "");
  return { code: 2, stdout: `Invalid combination of input arguments: vgpu ${words.join(" ")}\n` };
}

function report(call: SmiCall, lines: (gpu: Gpu) => readonly string[]): ToolResult {
  const blocks = call.gpus.flatMap((gpu) => [`GPU ${smiAddress(gpu.address)}`, ...lines(gpu)]);
  return { code: 0, stdout: `${blocks.join("\n")}\n` };
}

function creatable(call: SmiCall, gpu: Gpu): SimulatedType[] {
  if (!call.model.typesPublished) return [];
  return gpu.board.types.filter((type) => gpu.room(type) > 0);
}

function typeLines(types: readonly SimulatedType[], verbose: boolean): string[] {
  return types.flatMap((type) => (verbose ? typeBlock(type) : [smiLine(1, type.name)]));
}

/** The id is hexadecimal here and nowhere else. Source: mdev.md section 10 */
function typeBlock(type: SimulatedType): string[] {
  const [x = "0", y = "0"] = type.maxResolution.split("x");
  return [
    smiLine(1, "vGPU Type ID", `0x${type.id.toString(16)}`),
    smiLine(2, "Name", type.name),
    smiLine(2, "Class", type.vgpuClass),
    smiLine(2, "GPU Instance Profile ID", "N/A"),
    smiLine(2, "Max Instances", type.maxInstances),
    smiLine(2, "Max Instances Per VM", 1),
    smiLine(2, "Max Instances Per GI", "N/A"),
    smiLine(2, "Multi vGPU Exclusive", "False"),
    smiLine(2, "vGPU Exclusive Type", "False"),
    smiLine(2, "vGPU Exclusive Size", "False"),
    smiLine(2, "FB Memory", `${type.framebufferMiB} MiB`),
    smiLine(2, "Display Heads", type.heads),
    smiLine(2, "Maximum X Resolution", x),
    smiLine(2, "Maximum Y Resolution", y),
    smiLine(2, "Frame Rate Limit", `${type.frameRateLimit} FPS`),
  ];
}

/** A vGPU is listed once a VM runs it. */
function queryLines(gpu: Gpu): string[] {
  const running = gpu.vgpus.filter((vgpu) => vgpu.hold !== undefined);
  return [smiLine(1, "Active vGPUs", running.length), ...running.flatMap(vgpuBlock)];
}

function vgpuBlock(vgpu: SimulatedVgpu): string[] {
  const lines = [
    smiLine(1, "vGPU ID", vgpu.smiId),
    smiLine(2, "VM UUID", vgpu.hold?.vmUuid ?? "N/A"),
    smiLine(2, "VM Name", vgpu.hold?.vmName ?? "N/A"),
    smiLine(2, "vGPU Name", vgpu.type.name),
    smiLine(2, "vGPU Type", vgpu.type.id),
    smiLine(2, "vGPU UUID", smiUuid(`${vgpu.parent.address} ${vgpu.smiId}`)),
  ];
  if (vgpu.mdevUuid !== undefined) lines.push(smiLine(2, "MDEV UUID", vgpu.mdevUuid));
  const used = vgpu.guestDriverVersion === undefined ? 0 : 128;
  return [
    ...lines,
    smiLine(2, "Guest Driver Version", vgpu.guestDriverVersion ?? "N/A"),
    smiLine(2, "License Status", vgpu.licenseStatus ?? "N/A (Expiry: N/A)"),
    smiLine(2, "GPU Instance ID", "N/A"),
    smiLine(2, "Placement ID", vgpu.placementId),
    smiLine(2, "Frame Rate Limit", "N/A"),
    smiLine(2, "PCI"),
    smiLine(3, "Bus Id", "00000000:00:00.0"),
    smiLine(2, "FB Memory Usage"),
    smiLine(3, "Total", `${vgpu.type.framebufferMiB} MiB`),
    smiLine(3, "Used", `${used} MiB`),
    smiLine(3, "Free", `${vgpu.type.framebufferMiB - used} MiB`),
  ];
}

function table({ model, gpus, version }: SmiCall): string {
  const edge = "+-----------------------------------------------------------------------------+";
  const rule = "+---------------------------------+------------------------------+------------+";
  const row = (name: string, id: string, use: string) =>
    `| ${name.slice(0, 31).padEnd(31)} | ${id.slice(0, 28).padEnd(28)} | ${use.padEnd(10)} |`;
  const head = `NVIDIA-SMI ${version}`.padEnd(34);
  const lines = [smiTime(new Date()), edge, `| ${head}Driver Version: ${version}`.padEnd(78).concat("|")];
  lines.push(rule.replace("+", "|"), row("GPU  Name", "Bus-Id", "GPU-Util"));
  lines.push(row("     vGPU ID     Name", "VM ID     VM Name", "vGPU-Util"));
  lines.push("|=================================+==============================+============|");
  for (const gpu of gpus) {
    lines.push(row(`  ${gpuIndex(model, gpu)}  ${gpu.board.name}`, smiAddress(gpu.address), "  0%"));
    for (const { smiId, type, hold } of gpu.vgpus) {
      if (hold === undefined) continue;
      lines.push(
        row(`     ${smiId}  ${type.name}`, `${hold.vmUuid.slice(0, 4)}...  ${hold.vmName}`, "     0%"),
      );
    }
  }
  return `${[...lines, rule].join("\n")}\n`;
}

/** Refused with 19 while a vGPU exists; lost whenever VFs are made. Source: field.md section 3, rules 1 to 3 */
function setMixedSize(call: SmiCall, value: string): ToolResult {
  if (value !== "0" && value !== "1") return { code: 2, stdout: "-shm takes 0 or 1\n" };
  for (const gpu of call.gpus) {
    if (gpu.vgpus.length > 0) {
      const where = `GPU ${smiAddress(gpu.address)}`;
      return {
        code: 19,
        stdout: `Unable to set vGPU heterogeneous mode for ${where}: In use by another client\n`,
      };
    }
    gpu.mixedSize = value === "1";
  }
  const verb = value === "1" ? "Enabled" : "Disabled";
  const lines = call.gpus.map(
    (gpu) => `${verb} vGPU heterogeneous mode for GPU ${smiAddress(gpu.address)}\n`,
  );
  return { code: 0, stdout: lines.join("") };
}
