import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUp } from "../../fleet/run.js";
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
