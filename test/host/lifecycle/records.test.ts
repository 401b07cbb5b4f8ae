import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestDriverInstall, mdevDevice, vgpuHost } from "../../../provider/index.js";
import { loadState } from "../../fleet/drive.js";
import type { DeclaredResource } from "../../fleet/program.js";
import { runDestroy, runPreview, runUp, startRun } from "../../fleet/run.js";
import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { type Bed, guestName, openBed, uuidOf, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const newer = "a newer pulumi-vgpu wrote the records of this machine";
const lifecycles = { vgpuHost, mdevDevice, guestDriverInstall };

/** Changes behind our back, so that a version that knew the records would see drift, and the records of a later version. */
const laterRecords =
  "echo format=3 > /etc/pulumi-vgpu/format; rm -f /etc/modprobe.d/pulumi-vgpu-nouveau.conf";

/** Fails unless each resource is refused in preview and `up`, shows no drift, and stays where destroy ends. */
async function expectLeftAlone(
  machine: SimulatedMachine,
  program: readonly DeclaredResource[],
  statePath: string,
): Promise<void> {
  await machine.shell(laterRecords);
  const before = await noteOf(machine);
  const state = loadState(statePath);
  for (const [name, preview] of Object.entries(await runPreview(program, statePath)))
    expect(
      preview.failures.map(({ reason }) => reason),
      name,
    ).toEqual([expect.stringContaining(newer)]);
  await expect(runUp(program, statePath)).rejects.toThrow(newer);
  for (const { kind, id, inputs, outputs } of Object.values(state)) {
    expect(await lifecycles[kind].read(id, outputs)).toEqual({
      id,
      props: outputs,
      inputs: expect.anything(),
    });
    expect(await lifecycles[kind].diff(id, outputs, inputs)).toMatchObject({ changes: false, replaces: [] });
  }
  await expect(runDestroy(statePath)).rejects.toThrow(newer);
  expect(Object.keys(loadState(statePath))).toEqual(Object.keys(state));
  await expectUntouched(machine, before);
}

describe("records of a newer version", () => {
  it("keep a host, its vGPU and a guest from being changed, destroyed or shown as drifted", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("newer", "turingLegacy");
    const program = host.program(vgpusOf("T4-4Q", 1));
    await runUp(program, host.statePath);
    const guest = await bed.guest("newer-guest", host, "a-1");
    await runUp(guest.program, guest.statePath);
    await expectLeftAlone(guest.machine, guest.program, guest.statePath);
    await expectLeftAlone(host.machine, program, host.statePath);
  });
});

describe("a record that is gone", () => {
  it("is told in preview, of a vGPU, a host and a guest, with what destroy will leave", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("lost", "turingLegacy");
    const program = host.program(vgpusOf("T4-4Q", 1));
    await runUp(program, host.statePath);
    const guest = await bed.guest("lost-guest", host, "a-1");
    await runUp(guest.program, guest.statePath);
    const preview = async (declared: readonly DeclaredResource[], statePath: string) =>
      (await startRun({ task: "preview", program: declared, statePath }).ended).output;

    const uuid = uuidOf("a-1");
    await host.machine.shell(`rm /etc/pulumi-vgpu/vgpu/${uuid}`);
    expect(await preview(program, host.statePath)).toContain(
      `a-1: /etc/pulumi-vgpu/vgpu/${uuid} is gone: this vGPU counts as one that was there before us, and destroy will leave it`,
    );
    await host.machine.shell("rm /etc/pulumi-vgpu/driver");
    expect(await preview(program, host.statePath)).toContain(
      "gpu-host: there is no record below /etc/pulumi-vgpu of driver 550.127.06: it counts as somebody else's, and destroy will leave it",
    );
    await host.machine.shell("rm -r /etc/pulumi-vgpu");
    expect(await preview(program, host.statePath)).toMatch(
      /gpu-host: \/etc\/pulumi-vgpu\/host is gone, .*destroy will leave it: driver 550\.127\.06, /,
    );
    await guest.machine.shell("rm -r /etc/pulumi-vgpu");
    expect(await preview(guest.program, guest.statePath)).toMatch(
      new RegExp(
        `${guestName}: /etc/pulumi-vgpu/guest is gone, .*destroy will leave it: driver 550\\.127\\.05, `,
      ),
    );
  });

  it("is told, too, of a vGPU on vendor-specific VFIO, which was read before: its function has one of its type without a record", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("lost-vendor", "adaVendorVfio");
    const program = host.program(vgpusOf("A2-4Q", 2));
    await runUp(program, host.statePath);
    const uuid = uuidOf("a-1");
    await host.machine.shell(`rm /etc/pulumi-vgpu/vgpu/${uuid}`);
    const told = `a-1: /etc/pulumi-vgpu/vgpu/${uuid} is gone: it may be the vGPU on 0000:26:00.`;
    const request = { program, statePath: host.statePath } as const;
    expect((await startRun({ task: "preview", ...request }).ended).output).toContain(told);
    const up = await startRun({ task: "up", ...request }).ended;
    expect(up.output).toContain(told);
    expect(up.error).toBe("");
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q", "A2-4Q", "A2-4Q"]);
    const cleared = await host.machine.shell(
      `for f in /sys/bus/pci/devices/*/nvidia/current_vgpu_type; do a=\${f#/sys/bus/pci/devices/}; grep -rqs "\${a%%/*}" /etc/pulumi-vgpu/vgpu || [ "$(cat $f)" = 0 ] || echo $a; done`,
    );
    expect(cleared.stdout.trim().split("\n")).toHaveLength(1);
  });
});
