import type { ToolHandler } from "../types.js";
import { licensedProduct, licenseText } from "./gridd.js";
import type { GuestState, GuestVgpu } from "./guest-state.js";
import { loadedVersion } from "./kernel-modules.js";
import { csvAnswer, framed, noDevices, noDriver, smiAddress, smiLine, smiTime, smiUuid } from "./smi-form.js";

/** Returns nvidia-smi of a guest. Forms: sample-outputs/nvidia-smi-q.guest-*.txt */
export function guestSmi(guest: GuestState): ToolHandler {
  return (call, machine) => {
    const version = loadedVersion(machine, "nvidia");
    if (version === undefined) return noDriver;
    if (guest.vgpu === undefined || !guest.driverWorks) return noDevices;
    const view: View = { guest, vgpu: guest.vgpu, version, words: withoutSelection(call.argv) };
    const [first = ""] = view.words;
    if (first === "vgpu") return { code: 0, stdout: "No supported devices in vGPU mode\n" };
    if (first === "") return { code: 0, stdout: banner(view) };
    if (first === "-L" || first === "--list-gpus") {
      return { code: 0, stdout: `GPU 0: ${view.vgpu.vgpu.type.name} (UUID: ${uuidOf(guest)})\n` };
    }
    if (first === "-q" || first === "--query") return { code: 0, stdout: query(view) };
    const list = "--query-gpu=";
    if (first.startsWith(list)) return csvAnswer(view.words, first.slice(list.length), [csvRow(view)]);
    return { code: 2, stdout: `Invalid combination of input arguments: ${view.words.join(" ")}\n` };
  };
}

interface View {
  readonly guest: GuestState;
  readonly vgpu: GuestVgpu;
  readonly version: string;
  readonly words: readonly string[];
}

/** The one vGPU is the one that every selection means. */
function withoutSelection(argv: readonly string[]): string[] {
  const at = argv.findIndex((word) => word === "-i" || word === "--id");
  return argv.filter(
    (word, index) => !word.startsWith("--id=") && (at < 0 || (index !== at && index !== at + 1)),
  );
}

function uuidOf(guest: GuestState): string {
  return `GPU-${smiUuid(`guest ${guest.address}`)}`;
}

function banner({ guest, vgpu, version }: View): string {
  const edge = "+-----------------------------------------------------------------------------+";
  const head = `NVIDIA-SMI ${version.padEnd(12)} Driver Version: ${version.padEnd(12)} CUDA Version: 12.4`;
  const memory = `0MiB / ${vgpu.vgpu.type.framebufferMiB}MiB`;
  const row = `0  ${vgpu.vgpu.type.name.padEnd(28)} On  | ${smiAddress(guest.address)} Off | ${memory}`;
  return `${[smiTime(new Date()), edge, framed(head, 75), edge, framed(row, 75), edge].join("\n")}\n`;
}

function query({ guest, vgpu, version }: View): string {
  const { type } = vgpu.vgpu;
  const lines = [
    "",
    "==============NVSMI LOG==============",
    "",
    smiLine(0, "Timestamp", smiTime(new Date())),
    smiLine(0, "Driver Version", version),
    smiLine(0, "CUDA Version", "12.4"),
    "",
    smiLine(0, "Attached GPUs", 1),
    `GPU ${smiAddress(guest.address)}`,
    smiLine(1, "Product Name", type.name),
    smiLine(1, "Product Brand", licensedProduct(type.series)),
    smiLine(1, "Product Architecture", vgpu.architecture),
    smiLine(1, "Display Mode", "Enabled"),
    smiLine(1, "Display Active", "Disabled"),
    smiLine(1, "Persistence Mode", "Enabled"),
    smiLine(1, "MIG Mode"),
    smiLine(2, "Current", "Disabled"),
    smiLine(2, "Pending", "Disabled"),
    smiLine(1, "GPU UUID", uuidOf(guest)),
    smiLine(1, "Minor Number", 0),
    smiLine(1, "VBIOS Version", "00.00.00.00.00"),
    smiLine(1, "GSP Firmware Version", "N/A"),
    smiLine(1, "GPU Virtualization Mode"),
    smiLine(2, "Virtualization Mode", "VGPU"),
    smiLine(2, "Host VGPU Mode", "N/A"),
    smiLine(1, "vGPU Software Licensed Product"),
    smiLine(2, "Product Name", licensedProduct(type.series)),
    smiLine(2, "License Status", licenseText(guest)),
    smiLine(1, "FB Memory Usage"),
    smiLine(2, "Total", `${type.guestFramebufferMiB} MiB`),
    smiLine(2, "Used", "0 MiB"),
  ];
  return `${lines.join("\n")}\n`;
}

function csvRow({ guest, vgpu, version }: View): Record<string, string> {
  const uuid = uuidOf(guest);
  return {
    index: "0",
    name: vgpu.vgpu.type.name,
    gpu_name: vgpu.vgpu.type.name,
    uuid,
    gpu_uuid: uuid,
    "pci.bus_id": smiAddress(guest.address),
    gpu_bus_id: smiAddress(guest.address),
    driver_version: version,
    "memory.total": `${vgpu.vgpu.type.guestFramebufferMiB} MiB`,
    "mig.mode.current": "[N/A]",
    "mig.mode.pending": "[N/A]",
  };
}
