import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview, runUp, startRun } from "../../fleet/run.js";
import { type Bed, type HostBed, hostName, openBed } from "./bed.js";
import { gpuOf } from "./live-vgpus.js";
import { madeHost } from "./made-host.js";
import { changesSince, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const vms = { module: join(__dirname, "vm.ts") };
const exporter = "dcgm-exporter (process ";

/** A host whose virtual functions somebody turned off. */
async function withoutFunctions(name: string): Promise<HostBed> {
  const host = await madeHost(bed, name, "adaVendorVfio");
  await host.machine.shell(`/usr/lib/nvidia/sriov-manage -d ${host.gpu}`);
  expect((await gpuOf(host.machine)).virtualFunctions).toBe(0);
  return host;
}

/** A program on the host opens NVIDIA's driver, and keeps it open. */
async function open(host: HostBed, program: string): Promise<void> {
  const process = { path: "/dev/nvidiactl", words: [program] };
  await bed.simulator.invoke({ ...vms, export: "startProcess" }, [host.machine], program, process);
}

async function close(host: HostBed, program: string): Promise<void> {
  await bed.simulator.invoke({ ...vms, export: "stopVm" }, [host.machine], program);
}

describe.concurrent("a process that has NVIDIA's driver open", () => {
  it("is named in preview, which changes nothing, and in the error of the step; functions come once it has ended", {
    timeout: 300_000,
  }, async () => {
    const host = await withoutFunctions("exporter");
    const program = host.program({});
    await open(host, "dcgm-exporter");
    const before = await noteOf(host.machine);
    const preview = await startRun({ task: "preview", program, statePath: host.statePath }).ended;
    expect(preview.output).toContain(`enable-vfs fails while others have NVIDIA's driver open: ${exporter}`);
    expect(await changesSince(host.machine, before)).toEqual([]);
    const { error } = await startRun({ task: "up", program, statePath: host.statePath }).ended;
    const text = `^VGPU_STEP_FAILED ${hostName}: enable-vfs failed
Saw: exit code 1:
  Cannot obtain unbindLock for ${host.gpu}
[\\s\\S]*  dcgm-exporter \\(process (\\d+)[^)]*\\) has /dev/nvidiactl open \\(looked for after it\\)
Expected: exit code 0 and the change in place
Next: end process \\1, in the container or the session that started it; then run again
Now: the change may be there in part; the next run sees what is there and goes on$`;
    expect(error).toMatch(new RegExp(text));
    expect((await gpuOf(host.machine)).virtualFunctions).toBe(0);
    await close(host, "dcgm-exporter");
    await runUp(program, host.statePath);
    expect((await gpuOf(host.machine)).virtualFunctions).toBe(16);
  });

  it("is named when functions are turned off", { timeout: 300_000 }, async () => {
    const host = await madeHost(bed, "persistenced", "adaVendorVfio");
    await open(host, "persistenced");
    await expect(runDestroy(host.statePath)).rejects.toThrow(
      /disable-vfs failed[\s\S]*persistenced \(process \d+/,
    );
    await close(host, "persistenced");
    await runDestroy(host.statePath);
    expect((await gpuOf(host.machine)).virtualFunctions).toBe(0);
  });

  it("is nobody's business where it is the vGPU manager, or where nothing is to be turned on", {
    timeout: 300_000,
  }, async () => {
    const host = await withoutFunctions("manager");
    await open(host, "nvidia-vgpu-mgr");
    const request = { program: host.program({}), statePath: host.statePath } as const;
    const { output } = await startRun({ task: "preview", ...request }).ended;
    expect(output).toContain("enable-vfs");
    expect(output).not.toContain("driver open");
    await runUp(request.program, host.statePath);
    await open(host, "dcgm-exporter");
    const { output: quiet } = await startRun({ task: "preview", ...request }).ended;
    expect(quiet).not.toContain("driver open");
    expect((await runPreview(request.program, host.statePath))[hostName]?.failures).toEqual([]);
  });
});
