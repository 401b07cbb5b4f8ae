import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { licenseOf, seenVgpus } from "../../tools/demo/show.js";
import { repositoryRoot } from "../../tools/paths.js";
import { type Fleet, startFleet, tieGuest } from "../fleet/fleet.js";
import { licenseToken } from "../fleet/program.js";
import { quickProgram } from "./support/declared-stack.js";
import { openExampleStack } from "./support/example-stack.js";
import { expectNoStackTrace } from "./support/messages.js";
import type { Project } from "./support/project.js";
import { mustSucceed, type Stack, type StackRun, type StateResource } from "./support/stack.js";
import { commandNames, mdevsOn } from "./support/witness.js";

const tie = path.join(repositoryRoot, "test/host/model/tie.ts");

describe("the program of the root Pulumi.yaml on the demo's fleet", () => {
  let project: Project;
  let fleet: Fleet;
  let stack: Stack;
  const bare = new Map<string, string>();
  const runs: StackRun[] = [];
  const commandLines: string[] = [];
  const hosts = () => Object.keys(fleet.config.hosts).map((name) => machine(name));
  const machines = () => Object.values(fleet.machines);

  function machine(name: string) {
    const found = fleet.machines[name];
    if (found === undefined) throw new Error(`no machine ${name}`);
    return found;
  }

  /** Keeps what was printed and sent, in which no secret may be found at the end. */
  async function run(args: readonly string[]): Promise<StackRun> {
    for (const one of machines()) await one.resetCounters();
    const ran = await stack.run(args);
    runs.push(ran);
    for (const one of machines()) {
      for (const { command, args: words } of await one.commands())
        commandLines.push([command, ...words].join(" "));
    }
    return ran;
  }

  beforeAll(async () => {
    ({ project, stack } = await openExampleStack("fleet", quickProgram));
    fleet = await startFleet(project.stateDir);
    await stack.setConfig("inventory", JSON.stringify(fleet.config));
    await stack.setConfig("managerPackage", JSON.stringify(fleet.packages.manager));
    await stack.setConfig("guestPackage", JSON.stringify(fleet.packages.guest));
    await stack.setConfig("licenseToken", licenseToken, { secret: true });
    // The VM that has a vendor-specific VFIO function is given it by its address: there is no UUID on such a host.
    await tieGuest(fleet, "guest-ampere", "kvm-ampere", { type: "A40-8Q" });
    await tieGuest(fleet, "guest-ada", "kvm-ada", { type: "L40S-12Q" });
    for (const one of hosts()) bare.set(one.name, await one.digest());
  });
  afterAll(async () => {
    await fleet?.simulator.stop();
    project?.remove();
  });

  it("takes bare hosts to licensed guests in one up", async () => {
    mustSucceed(await run(["up", "--yes"]));
    const seen = await seenVgpus(fleet);
    const count = (host: string) => seen.filter((vgpu) => vgpu.host === host).length;
    expect([count("kvm-turing"), count("kvm-ampere"), count("kvm-ada")]).toEqual([4, 6, 4]);
    expect(seen.filter(({ usedBy }) => usedBy !== "")).toHaveLength(2);
    for (const guest of Object.keys(fleet.config.guests)) {
      expect(await licenseOf(fleet, guest)).toContain("License Status : Licensed");
    }
  });

  it("gives libvirt's element for each vGPU as an output", async () => {
    const { hostdev } = (await stack.outputs()) as { hostdev: Record<string, string> };
    expect(Object.keys(hostdev)).toHaveLength(14);
    expect(hostdev["turing-1"]).toMatch(/type=["']mdev["']/);
    expect(hostdev["ada-1"]).toMatch(/managed=["']no["']/);
  });

  it("finds nothing to do in a second up: one connection and one round trip to each machine", async () => {
    const again = await run(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    expect(mustSucceed(again).output).toContain("20 unchanged");
    for (const one of machines()) {
      // Refresh, check and diff are one process here; the last two take the refresh's sight of the machine.
      expect(await commandNames(one), one.name).toEqual([expect.stringMatching(/^observe-(host|guest)$/)]);
      expect(await one.counters()).toMatchObject({ connections: 1, channels: 1 });
    }
  });

  it("keeps a vGPU's state small, refers to its key, and stores no secret in plain", async () => {
    const { text, resources } = await stack.exportState();
    const vgpus = resources.filter(({ type }) => type.endsWith(":MdevDevice"));
    expect(vgpus).toHaveLength(14);
    for (const vgpu of vgpus) expect(storedBytes(vgpu), vgpu.urn).toBeLessThanOrEqual(2500);
    expect(JSON.stringify(vgpus[0]?.inputs)).toContain("privateKeyPath");
    for (const secret of await secrets()) expect(text).not.toContain(secret);
  });

  it("names the drifted property in the preview and heals it", async () => {
    const turing = machine("kvm-turing");
    const [uuid = ""] = Object.keys(await mdevsOn(turing));
    const types = "/sys/class/mdev_bus/0000:3b:00.0/mdev_supported_types";
    const change = await turing.shell(
      `echo 1 > /sys/bus/mdev/devices/${uuid}/remove && echo ${uuid} > $(dirname $(grep -lx 'GRID T4-4A' ${types}/*/name))/create`,
    );
    expect(change.code).toBe(0);
    const preview = mustSucceed(await run(["preview", "--diff"]));
    expect(preview.output).toMatch(/type\s*: "[^"]*T4-4A" => "T4-4Q"/);
    expect((await mdevsOn(turing))[uuid]).toBe("GRID T4-4A");
    mustSucceed(await run(["up", "--yes", "--skip-preview"]));
    expect((await mdevsOn(turing))[uuid]).toBe("GRID T4-4Q");
  });

  it("refuses to destroy what VMs use, then leaves bare hosts", async () => {
    const refused = await run(["destroy", "--yes", "--skip-preview", "--continue-on-error"]);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("VGPU_IN_USE");
    expect(refused.output).toContain("guest-ampere");
    expect(refused.output).toContain("guest-ada");
    expectNoStackTrace(refused);
    expect((await seenVgpus(fleet)).filter(({ usedBy }) => usedBy !== "")).toHaveLength(2);
    for (const guest of Object.keys(fleet.config.guests)) {
      await fleet.simulator.invoke({ module: tie, export: "shutdownGuest" }, [machine(guest)]);
    }
    mustSucceed(await run(["destroy", "--yes", "--skip-preview"]));
    for (const one of hosts()) expect(await one.digest(), one.name).toBe(bare.get(one.name));
  });

  it("shows no secret in any output and in no argument of a remote command", async () => {
    expect(commandLines.length).toBeGreaterThan(100);
    for (const secret of await secrets()) {
      for (const { output } of runs) expect(output.includes(secret)).toBe(false);
      for (const line of commandLines) expect(line.includes(secret)).toBe(false);
    }
  });

  async function secrets(): Promise<string[]> {
    const keys = machines().map(({ address }) => address.privateKey.split("\n")[2] ?? "");
    expect(keys.every((line) => line.length > 20)).toBe(true);
    return [licenseToken, "PRIVATE KEY", ...keys];
  }
});

/** Bytes of a resource as a state file holds it, less what only depends on where the program lies. */
function storedBytes(resource: StateResource): number {
  const { stackTrace: _trace, sourcePosition: _position, ...kept } = resource;
  return Buffer.byteLength(JSON.stringify(kept, null, 4));
}
