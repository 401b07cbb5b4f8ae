import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { type Bed, hostName, openBed, smallHosts, vgpusOf } from "./bed.js";
import { gpuOf } from "./live-vgpus.js";
import { madeHost } from "./made-host.js";
import { changesSince, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** Short waits take no time on the machine, whoever waits. */
const impatience = `printf '%s\\n' '#!/bin/sh' 'case $1 in 0.*) ;; *) exec /usr/bin/sleep "$1" ;; esac' > /usr/local/bin/sleep
  chmod 755 /usr/local/bin/sleep`;

describe("a sriov-manage that the kernel holds up", () => {
  it("is left behind, told, seen by later runs, and waited for by none of them", {
    timeout: 300_000,
  }, async () => {
    const host = await madeHost(bed, "hangs", "adaVendorVfio");
    const program = host.program(vgpusOf(smallHosts.adaVendorVfio.type, 1));
    await host.machine.shell(`/usr/lib/nvidia/sriov-manage -d ${host.gpu}; ${impatience}`);
    await host.machine.model("setFaults", { sriovHangs: true });
    await expect(runUp(program, host.statePath)).rejects.toThrow(
      `VGPU_STEP_FAILED ${hostName}: enable-vfs failed
Saw: exit code 1:
  sriov-manage -e ${host.gpu} has not ended after 120 s`,
    );
    await expect(runUp(program, host.statePath)).rejects.toThrow(
      `sriov-manage of an earlier run has not ended on ${host.gpu}`,
    );
    const before = await noteOf(host.machine);
    const previews = await runPreview(program, host.statePath);
    const reasons = Object.values(previews).flatMap(({ failures }) => failures.map(({ reason }) => reason));
    expect(reasons[0]).toMatch(
      /^VGPU_PREREQUISITE .*\nSaw: sriov-manage -e \S+ runs, for \d+ s now \(it has \S+ locked\)\nExpected: its end, /,
    );
    expect(await changesSince(host.machine, before)).toEqual([]);
    await host.machine.model("setFaults", { sriovHangs: false });
    await host.machine.shell(`flock /run/pulumi-vgpu/sriov-manage.${host.gpu} true`);
    await runUp(program, host.statePath);
    expect(await gpuOf(host.machine)).toMatchObject({ virtualFunctions: 16, vgpus: [{}] });
    await runDestroy(host.statePath);
    expect((await gpuOf(host.machine)).virtualFunctions).toBe(0);
  });
});
