import type { ToolCall, ToolHandler, ToolResult } from "../types.js";
import type { Gpu } from "./gpu.js";
import type { HostState } from "./host-state.js";

/**
 * Returns the vendor's script that makes and removes VFs. Texts: sample-outputs/sriov-manage.txt; what goes wrong:
 * field.md section 3, rules 1, 4 and 6.
 */
export function sriovManageTool(model: HostState): ToolHandler {
  return async (call: ToolCall) => {
    const [action = "", target = ""] = call.argv;
    if ((action !== "-e" && action !== "-d") || target === "") return usage();
    if (!call.root) return { code: 1, stderr: "sriov-manage must be run as root\n" };
    const all = target.toUpperCase() === "ALL";
    const gpus = model.gpus.filter((gpu) => (all ? !gpu.board.legacy : gpu.address === target));
    if (gpus.length === 0) return { code: 1, stderr: `No SR-IOV capable NVIDIA GPU at ${target}\n` };
    while (model.faults.sriovHangs) await new Promise((wake) => model.later(20, () => wake(undefined)));
    const results: ToolResult[] = [];
    for (const gpu of gpus)
      results.push(action === "-e" ? await enable(model, gpu) : await disable(model, gpu));
    return {
      code: Math.max(...results.map((result) => result.code)),
      stdout: results.map((result) => result.stdout ?? "").join(""),
      stderr: results.map((result) => result.stderr ?? "").join(""),
    };
  };
}

function usage(): ToolResult {
  return { code: 1, stderr: "Usage: sriov-manage <-e|-d> <ssss:bb:dd.f|ALL>\n" };
}

async function enable(model: HostState, gpu: Gpu): Promise<ToolResult> {
  const { faults } = model;
  if (gpu.board.legacy) return { code: 0 };
  if (gpu.virtualFunctions.length > 0) {
    return { code: 0, stdout: `GPU at ${gpu.address} already has VFs enabled.\n` };
  }
  const refusal = refuse(model, gpu, await hasClient(model));
  if (refusal !== undefined) return refusal;
  gpu.clear();
  if (faults.leaveUnbound > 0) {
    faults.leaveUnbound--;
    await model.bus.unbind(gpu.physicalFunction);
    return { code: 1, stdout: `Enabling VFs on ${gpu.address}\n`, stderr: "bind: No such device\n" };
  }
  if (faults.vfsNeverAppear || faults.silentSriov > 0) {
    faults.silentSriov = Math.max(0, faults.silentSriov - 1);
    model.machine?.kernelLog("NVRM: Timeout occurred in event processing by vgpu_mgr daemon");
  } else if (faults.vfIntervalMs === 0) {
    for (let count = 0; count < gpu.board.totalVfs; count++) model.addVirtualFunction(gpu);
  } else addSlowly(model, gpu);
  return { code: 0, stdout: `Enabling VFs on ${gpu.address}\n` };
}

function addSlowly(model: HostState, gpu: Gpu): void {
  model.later(model.faults.vfIntervalMs, () => {
    if (gpu.physicalFunction.driver !== "nvidia" || gpu.virtualFunctions.length >= gpu.board.totalVfs) return;
    model.addVirtualFunction(gpu);
    addSlowly(model, gpu);
  });
}

async function disable(model: HostState, gpu: Gpu): Promise<ToolResult> {
  if (gpu.board.legacy) return { code: 0 };
  const refusal = refuse(model, gpu, await hasClient(model));
  if (refusal !== undefined) return refusal;
  gpu.clear();
  model.dropVirtualFunctions(gpu);
  return { code: 0, stdout: `Disabling VFs on ${gpu.address}\n` };
}

/** Prints the names of the processes that have a file of the driver's open. */
const clientNames = `find /proc -mindepth 3 -maxdepth 3 -path "/proc/[0-9]*/fd/*" -lname "/dev/nvidia*" -printf "%h\\n" 2> /dev/null |
  while read -r folder; do cat "\${folder%/fd}/comm"; done`;

/** Whether a process other than the manager's own has the driver open, as every NVML client has. */
async function hasClient(model: HostState): Promise<boolean> {
  const found = await model.machine?.run(["/bin/sh", "-c", clientNames]);
  const names = (found?.stdout ?? "").split("\n").filter((name) => name !== "");
  return names.some((name) => name !== "nvidia-vgpu-mgr" && name !== "nvidia-vgpud");
}

function refuse(model: HostState, gpu: Gpu, client: boolean): ToolResult | undefined {
  if (gpu.physicalFunction.driver !== "nvidia") {
    return { code: 1, stderr: `GPU at ${gpu.address} is not bound to the NVIDIA driver\n` };
  }
  const locked = model.faults.unbindLock > 0;
  if (locked) model.faults.unbindLock--;
  if (locked || client || gpu.vgpus.some((vgpu) => vgpu.hold !== undefined)) {
    return { code: 1, stderr: `Cannot obtain unbindLock for ${gpu.address}\n` };
  }
  return undefined;
}
