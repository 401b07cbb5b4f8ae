import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runUp } from "../../fleet/run.js";
import { type Bed, type HostKindName, openBed, smallHosts, vgpusOf } from "./bed.js";
import { gpuOf, liveTypes } from "./live-vgpus.js";
import { driftOf, expectNothingToDo, madeHost } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const kinds = Object.keys(smallHosts) as HostKindName[];

describe.concurrent("a host that reboots", () => {
  it.for(kinds)(
    "has its functions and vGPUs back before it answers: %s",
    { timeout: 120_000 },
    async (kind) => {
      const host = await madeHost(bed, `boots-${kind}`, kind);
      const before = await gpuOf(host.machine);
      for (const reboot of ["reboot", "power-loss"] as const) {
        await host.machine.restart(reboot);
        const after = await gpuOf(host.machine);
        expect(after.virtualFunctions, reboot).toBe(before.virtualFunctions);
        expect(after.vgpus.length, reboot).toBe(2);
        expect(after.vgpus, reboot).toEqual(expect.arrayContaining([...before.vgpus]));
        await expectNothingToDo(host);
      }
    },
  );

  it("asks nothing of sriov-manage for a GPU that carries its types itself, also where an older version noted functions", {
    timeout: 120_000,
  }, async () => {
    const host = await madeHost(bed, "t4-noted", "turingLegacy");
    await host.machine.writeFile(`/etc/pulumi-vgpu/gpu/${host.gpu}`, "vfs=16\n");
    const manage = "/usr/lib/nvidia/sriov-manage";
    await host.machine.shell(`printf '#!/bin/sh\\necho "$@" >> /var/lib/asked\\n' > ${manage}`);
    await host.machine.restart("reboot");
    expect(await host.machine.readFile("/var/lib/asked")).toBeUndefined();
    expect((await gpuOf(host.machine)).vgpus).toHaveLength(2);
    await expectNothingToDo(host);
    await runDestroy(host.statePath);
    expect(await host.machine.readFile("/var/lib/asked")).toBeUndefined();
    expect(await host.machine.readFile(`/etc/pulumi-vgpu/gpu/${host.gpu}`)).toBeUndefined();
  });

  it("shows in preview that its boot unit failed, and is healed by one up", {
    timeout: 120_000,
  }, async () => {
    const host = await madeHost(bed, "fails-at-boot", "adaVendorVfio");
    await host.machine.model("setFaults", { failCreates: 1 });
    await host.machine.restart("reboot");
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q"]);
    expect(await driftOf(host)).toEqual({ "a-2": ["gone"] });
    await runUp(host.program(vgpusOf("A2-4Q", 2)), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q", "A2-4Q"]);
    await expectNothingToDo(host);
  });
});
