import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fleetRelease } from "../../fleet/fleet.js";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, openBed } from "./bed.js";
import { gpuOf } from "./live-vgpus.js";
import { expectNothingToDo, programOf } from "./made-host.js";

const kernel = "6.99.0-1-amd64";
let bed: Bed;
let host: HostBed;

beforeAll(async () => {
  bed = await openBed();
  host = await bed.host("updated", "turingLegacy", { kind: { dkms: true } });
  await runUp(programOf(host), host.statePath);
});
afterAll(() => bed.close());

/** What preview says of the driver: the property as the host has it, and the reason of the first step. */
async function driverDrift(): Promise<unknown> {
  const preview = (await runPreview(programOf(host), host.statePath))["gpu-host"];
  return { differs: preview?.differs, failures: preview?.failures.map(({ reason }) => reason) };
}

describe("a host whose kernel is updated", () => {
  it("needs nothing where DKMS built the driver for the new kernel", async () => {
    await host.machine.model("updateKernel", kernel, true);
    await host.machine.restart("reboot");
    expect((await host.machine.shell("uname -r")).stdout).toBe(`${kernel}\n`);
    await expectNothingToDo(host);
  });

  it("shows that the driver is not for the new kernel, and one up builds it anew and makes the vGPUs again", async () => {
    const without = "6.99.0-2-amd64";
    const before = await gpuOf(host.machine);
    await host.machine.model("updateKernel", without, false);
    await host.machine.restart("reboot");
    const refused = (await driverDrift()) as { failures: string[] };
    expect(refused.failures).toEqual([
      expect.stringContaining(
        `VGPU_PREREQUISITE gpu-host: kernel headers are missing\nSaw: no /lib/modules/${without}/build; driver ${fleetRelease.manager} for kernel `,
      ),
    ]);
    // Installing the headers alone does not build: here nobody runs DKMS for them.
    await host.machine.writeFile(`/usr/lib/modules/${without}/build/Makefile`, "");
    expect(await driverDrift()).toEqual({
      differs: ["driver.release", "gpus.0000:3b:00.0.usage", "managerService"],
      failures: [],
    });
    await runUp(programOf(host), host.statePath);
    const after = await gpuOf(host.machine);
    expect(after.vgpus).toEqual(expect.arrayContaining([...before.vgpus]));
    await expectNothingToDo(host);
  });
});
