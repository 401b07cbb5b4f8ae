import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../tools/paths.js";
import { type Bed, type HostBed, openBed, uuidOf, vgpusOf } from "../host/lifecycle/bed.js";
import { leftoversOn } from "../host/lifecycle/end-state.js";
import { asRecorded, recordedVgpus } from "../host/lifecycle/live-vgpus.js";
import { type FleetProgram, type FleetStack, openFleetStack } from "./support/fleet-stack.js";
import { killAfter } from "./support/kill.js";
import { expectOneMessage } from "./support/messages.js";
import { mustSucceed, type StackRun } from "./support/stack.js";
import { mdevsOn, untouched } from "./support/witness.js";

const vmModule = path.join(repositoryRoot, "test/host/lifecycle/vm.ts");

type Vgpus = Readonly<Record<string, string>>;

describe("one up on the engine changes every vGPU of an A40", () => {
  let bed: Bed;
  let host: HostBed;
  let fleet: FleetStack;

  beforeAll(async () => {
    bed = await openBed();
    host = await bed.host("kvm", "ampereMdev", { board: "NVIDIA A40" });
    fleet = await openFleetStack(host.part);
  });
  afterAll(async () => {
    fleet?.remove();
    await bed?.close();
  });

  it("makes six of one size on a bare host", async () => {
    declare(vgpusOf("A40-8Q", 6));
    mustSucceed(await fleet.stack.up(["--skip-preview"]));
    await expectMade(vgpusOf("A40-8Q", 6));
  });

  it("refuses in the preview while a VM uses one, naming the VM, and touches nothing", async () => {
    const vm = (change: string, ...args: string[]) =>
      bed.simulator.invoke({ module: vmModule, export: change }, [host.machine], "desk-vm", ...args);
    await vm("startVm", uuidOf("a-2"));
    declare(vgpusOf("A40-4Q", 6));
    const refused = await untouched([host.machine], () => fleet.stack.run(["preview"]));
    expectOneMessage(refused, { code: "VGPU_IN_USE", says: ["gpu-host", "a-2", "desk-vm"] });
    await vm("stopVm");
  });

  it("makes each of them smaller", async () => {
    declare(vgpusOf("A40-4Q", 6));
    const run = mustSucceed(await fleet.stack.up());
    expect(run.output).toContain("6 updated");
    await expectMade(vgpusOf("A40-4Q", 6));
  });

  it("adds as many, one resource at a time", async () => {
    declare(vgpusOf("A40-4Q", 12));
    mustSucceed(await fleet.stack.up(["--skip-preview", "--parallel", "1"]));
    await expectMade(vgpusOf("A40-4Q", 12));
  });

  it("makes larger ones under new names in the place of all, without a preview", async () => {
    declare(vgpusOf("A40-8Q", 6, "b"));
    mustSucceed(await fleet.stack.up(["--skip-preview"]));
    await expectMade(vgpusOf("A40-8Q", 6, "b"));
  });

  it("goes on where a run was killed in the middle of the change", async () => {
    declare(vgpusOf("A40-4Q", 6, "b"));
    await killAfter(fleet.stack, ["up", "--yes", "--skip-preview"], {
      machine: host.machine,
      command: "vgpus",
    });
    expect(await typesOnHost()).not.toContain("A40-8Q");
    mustSucceed(await fleet.stack.up(["--skip-preview"]));
    await expectMade(vgpusOf("A40-4Q", 6, "b"));
  });

  it("retires nothing for a target that is no target itself, says with which it does, and that line works", async () => {
    declare(vgpusOf("A40-8Q", 6, "b"));
    const target = "urn:pulumi:test::fleet::pulumi-nodejs:dynamic/vgpu:MdevDevice::b-1";
    const others = ["b-2", "b-3", "b-4", "b-5", "b-6"];
    const runs: [string[], Record<string, string>][] = [
      [["preview"], { PULUMI_OPTION_TARGET: target }],
      [["up", "--yes", "--skip-preview", "--parallel", "1", "--target", target], {}],
    ];
    for (const [command, env] of runs) {
      const refused = await untouched([host.machine], () => fleet.stack.run(command, env));
      expectOneMessage(refused, { code: "VGPU_PREREQUISITE", says: ["gpu-host", "b-1", ...others] });
    }
    const more = others.flatMap((name) => ["--target", `**MdevDevice::${name}`]);
    mustSucceed(await fleet.stack.up(["--skip-preview", "--target", target, ...more]));
    await expectMade(vgpusOf("A40-8Q", 6, "b"));
  });

  it("makes none on a host whose record is gone, and says so in the preview, where the run leaves its VgpuHost out", async () => {
    const record = await host.machine.shell("cat /etc/pulumi-vgpu/host && rm /etc/pulumi-vgpu/host");
    declare({ ...vgpusOf("A40-8Q", 5, "b"), "b-7": "A40-8Q" });
    const target = ["--target", "**MdevDevice::b-7"];
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const refused = await untouched([host.machine], () => fleet.stack.run([...command, ...target], {}));
      expectOneMessage(refused, { code: "VGPU_PREREQUISITE", says: ["b-7", "nobody manages the host"] });
    }
    await host.machine.shell(`printf '%s\\n' '${record.stdout.trim()}' > /etc/pulumi-vgpu/host`);
    declare(vgpusOf("A40-8Q", 6, "b"));
    await expectMade(vgpusOf("A40-8Q", 6, "b"));
  });

  it("takes in those that the program constructs late", async () => {
    const vgpus = vgpusOf("A40-4Q", 8, "b");
    declare(vgpus, { "b-3": "await", "b-4": "apply", "b-7": "await", "b-8": "apply" });
    mustSucceed(await fleet.stack.up(["--skip-preview"]));
    await expectMade(vgpus);
  });

  function declare(vgpus: Vgpus, late: FleetProgram["late"] = {}): void {
    const hosts = Object.entries(host.part.config.hosts).map(([name, one]) => [name, { ...one, vgpus }]);
    const config = { hosts: Object.fromEntries(hosts), guests: {} };
    fleet.declare({ packages: host.part.packages, config, late });
  }

  async function typesOnHost(): Promise<string[]> {
    return Object.values(await mdevsOn(host.machine))
      .map((type) => type.split(" ").at(-1) ?? type)
      .sort();
  }

  /** The host's own /sys and our records show these, and the next up finds nothing to do. */
  async function expectMade(vgpus: Vgpus): Promise<StackRun> {
    expect(await typesOnHost()).toEqual(Object.values(vgpus).sort());
    expect(await recordedVgpus(host.machine)).toEqual(asRecorded(vgpus));
    expect(await leftoversOn(host.machine)).toEqual([]);
    return mustSucceed(await fleet.stack.up(["--skip-preview", "--expect-no-changes"]));
  }
});
