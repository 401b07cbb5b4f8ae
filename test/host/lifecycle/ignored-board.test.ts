import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUp, startRun } from "../../fleet/run.js";
import { type Bed, hostName, openBed, smallHosts } from "./bed.js";
import { changesSince, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const { gpu, board } = smallHosts.ampereMdev;

describe.concurrent("a board that the installed driver leaves alone", () => {
  it("is told after the reboot with what the driver said of it, and no second reboot is tried", {
    timeout: 300_000,
  }, async () => {
    const gpus = [
      { board, address: gpu },
      { board, address: "0000:af:00.0" },
    ];
    const host = await bed.host("ignored", "ampereMdev", {
      kind: { gpus, faults: { ignoredBoards: [gpu] } },
    });
    const program = host.program({});
    const { error } = await startRun({ task: "up", program, statePath: host.statePath }).ended;
    const text = `VGPU_PREREQUISITE ${hostName} ${gpu}: the installed driver 550.127.06 leaves this GPU alone
Saw: 10de:25b6 without a driver; the kernel's log (dmesg):
  NVRM: The NVIDIA A2 GPU installed in this system is
  NVRM:  supported through the NVIDIA 580.xx Legacy drivers. Please
  NVRM:  visit the vendor's page of drivers for more
  NVRM:  information.  The 550.127.06 NVIDIA driver will ignore
  NVRM:  this GPU.  Continuing probe...
Expected: a vGPU manager that has this board
Next: declare a release of the branch that the driver names, or of an earlier one, or leave this GPU out of gpus`;
    expect(error.replace("NVIDIA NVIDIA", "NVIDIA")).toContain(text);
    const before = await noteOf(host.machine);
    const { [hostName]: preview } = await runPreview(program, host.statePath);
    expect(preview?.failures.map(({ reason }) => reason.split("\n")[0])).toEqual([text.split("\n")[0]]);
    await expect(runUp(program, host.statePath)).rejects.toThrow("leaves this GPU alone");
    expect(await changesSince(host.machine, before)).toEqual([]);
  });
});

describe.concurrent("a host that does not tell whether secure boot is on", () => {
  it("is told in preview where a driver is to be installed, and not refused", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("unknown-boot", "ampereMdev", { kind: { secureBoot: false } });
    const mokutil = '#!/bin/sh\necho "Cannot determine secure boot state."\n';
    await host.machine.writeFile("/usr/local/bin/mokutil", mokutil, 0o755);
    const request = { task: "preview", program: host.program({}), statePath: host.statePath } as const;
    const { output, value } = await startRun(request).ended;
    expect(output).toContain("cannot tell whether secure boot is on: mokutil --sb-state does not tell.");
    expect(value).toMatchObject({ [hostName]: { failures: [] } });
  });
});
