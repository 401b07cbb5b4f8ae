import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { vgpuHost } from "../../../provider/index.js";
import { drivePreview, driveUp, loadState } from "../../fleet/drive.js";
import type { DeclaredResource } from "../../fleet/program.js";
import { runUp, startRun } from "../../fleet/run.js";
import { uuidOf } from "./bed.js";
import { hostName, type MttyBed, type MttyHost, openMttyBed } from "./mtty-bed.js";

const owner = "fleet/test";
const mdevs = { "m-1": "mtty-1", "m-2": "mtty-1" };

let bed: MttyBed;
beforeAll(async () => {
  bed = await openMttyBed();
});
afterAll(() => bed.close());

async function mdevsOn({ machine }: MttyHost): Promise<string[]> {
  return (await machine.shell("ls /sys/bus/mdev/devices")).stdout.split("\n").filter(Boolean).sort();
}

async function noteFor({ machine }: MttyHost, other: string): Promise<void> {
  const noted = "/etc/pulumi-vgpu/host /etc/pulumi-vgpu/vgpu/*";
  const changed = await machine.shell(`sed -i 's,^owner=${owner},owner=${other},' ${noted}`);
  expect(changed.code).toBe(0);
}

/** The program with other inputs of one resource. */
function withInputs(program: readonly DeclaredResource[], name: string, more: object): DeclaredResource[] {
  return program.map((one) => (one.name === name ? { ...one, inputs: { ...one.inputs, ...more } } : one));
}

describe("a deletion", () => {
  it("leaves what is noted for another owner, and says what and why", async () => {
    const host = await bed.host("left");
    await runUp(host.program(mdevs), host.statePath);
    await noteFor(host, "fleet/prod");
    const made = await mdevsOn(host);
    const before = await host.machine.digest();
    const { error, output } = await startRun({ task: "destroy", program: [], statePath: host.statePath })
      .ended;
    expect(error).toBe("");
    const uuid = uuidOf("m-1");
    expect(output.split("\n")).toContain(
      `${hostName} m-1: the vGPU ${uuid} is left in place: it is noted for fleet/prod m-1, not for ${owner} m-1 (/etc/pulumi-vgpu/vgpu/${uuid}). If its stack was renamed and the run after that was cut off, pulumi up takes it on again`,
    );
    expect(output.split("\n")).toContain(
      `${hostName}: everything on this host is left in place: it is managed by fleet/prod/${hostName}, not by ${owner}/${hostName} (/etc/pulumi-vgpu/host). If it was renamed and the run after that was cut off, pulumi up takes it on again`,
    );
    expect(await mdevsOn(host)).toEqual(made);
    expect(await host.machine.digest()).toEqual(before);
  });

  it("leaves a vGPU that another resource of the run took over by its declared UUID", async () => {
    const host = await bed.host("heir");
    await runUp(host.program({ "m-1": "mtty-1" }), host.statePath);
    const made = await mdevsOn(host);
    const uuid = uuidOf("m-1");
    const heir = withInputs(host.program({ "m-2": "mtty-1" }), "m-2", { uuid });
    const { error, output } = await startRun({ task: "up", program: heir, statePath: host.statePath }).ended;
    expect(error).toBe("");
    expect(output).toContain(`${hostName} m-1: the vGPU ${uuid} is left in place: m-2 has it now`);
    expect(await mdevsOn(host)).toEqual(made);
    expect((await host.machine.shell(`grep -h ^name= /etc/pulumi-vgpu/vgpu/${uuid}`)).stdout).toBe(
      "name=m-2\n",
    );
  });
});

describe("a new vGPU", () => {
  it("whose name another one had before is refused in preview: the UUID of that name is taken", async () => {
    const host = await bed.host("taken");
    await runUp(host.program({ "m-1": "mtty-1" }), host.statePath);
    const uuid = uuidOf("m-1");
    await host.machine.shell(`sed -i s,^name=m-1,name=seat-1, /etc/pulumi-vgpu/vgpu/${uuid}`);
    const program = withInputs(host.program({ "m-1": "mtty-1" }), "m-1", { uuidDerived: true });
    const preview = await drivePreview(program, `${host.statePath}.new`);
    expect(preview["m-1"]?.failures.map(({ reason }) => reason)).toEqual([
      expect.stringContaining(`the UUID that is made from this name is that of seat-1`),
    ]);
  });

  it("with the UUID of another one that the program declares is refused, whichever is looked at first", async () => {
    const host = await bed.host("twice");
    const program = withInputs(host.program(mdevs), "m-2", { uuid: uuidOf("m-1").toUpperCase() });
    for (const order of [program, program.toReversed()]) {
      const reasons = Object.values(await drivePreview(order, host.statePath)).flatMap(
        ({ failures }) => failures,
      );
      expect(reasons.length).toBeGreaterThan(0);
      expect(reasons[0]?.reason).toContain("2 MdevDevice resources claim one vGPU");
    }
  });
});

describe("a host", () => {
  it("that two resources reach is refused to the second one also where nothing was checked before", async () => {
    const host = await bed.host("claimed-twice");
    const [first] = host.program({});
    const inputs = (name: string) => ({ ...first?.inputs, name });
    const { inputs: checked } = await vgpuHost.check({}, inputs("host-a"));
    await vgpuHost.create(checked);
    await expect(vgpuHost.create({ ...checked, name: "host-b" })).rejects.toThrow(
      /2 VgpuHosts are one machine\nSaw: host-a and host-b reach the machine-id/,
    );
  });

  it("that was taken over by another name brings its vGPUs back at boot also before these were", async () => {
    const host = await bed.host("between");
    await driveUp(host.program(mdevs), host.statePath);
    const made = await mdevsOn(host);
    const stored = loadState(host.statePath)[hostName];
    if (stored === undefined) throw new Error("no host in the state");
    for (const name of ["fleet/prod", "shop/prod"]) {
      const olds = { ...stored.outputs, owner: name === "fleet/prod" ? owner : "fleet/prod" };
      // Each run of the engine has a provider of its own, which remembers nothing of the one before.
      vi.resetModules();
      const { vgpuHost: ofThisRun } = await import("../../../provider/index.js");
      await ofThisRun.update(stored.id, olds, { ...stored.inputs, owner: name });
      for (const uuid of made) await host.machine.shell(`echo 1 > /sys/bus/mdev/devices/${uuid}/remove`);
      expect(await mdevsOn(host)).toEqual([]);
      await host.machine.shell("sh /usr/local/lib/pulumi-vgpu/restore");
      expect(await mdevsOn(host)).toEqual(made);
    }
    const noted = await host.machine.shell("cat /etc/pulumi-vgpu/host");
    expect(noted.stdout).toContain(`owner=shop/prod/${hostName}\n`);
  });
});
