import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vgpuUuid } from "../../sdk/vgpu-uuid.js";
import { repositoryRoot } from "../../tools/paths.js";
import type { SimulatedMachine } from "../host/machine/simulated-machine.js";
import { killAfter } from "./support/kill.js";
import { mustSucceed } from "./support/stack.js";
import { guestArgs, hostArgs, openStory, type Story, vgpuRow } from "./support/story.js";
import { mdevsOn } from "./support/witness.js";

const gpu = "0000:41:00.0";
const tie = path.join(repositoryRoot, "test/host/model/tie.ts");

/** One remote command of each step kind of `up`, in the order in which a run comes to them; a job's end is seen by poll-job. */
const ofUp = [
  ["kvm1", "claim"],
  ["kvm1", "block-nouveau"],
  ["kvm1", "reboot-machine"],
  ["kvm1", "receive-file"],
  ["kvm1", "poll-job"],
  ["kvm1", "install-boot-unit"],
  ["kvm1", "enable-vfs"],
  ["kvm1", "vgpus"],
  ["vm1", "claim"],
  ["vm1", "write-gridd-conf"],
  ["vm1", "write-token"],
  ["vm1", "acquire-license"],
] as const;

const ofGuestsEnd = [
  ["vm1", "remove-license"],
  ["vm1", "poll-job"],
  ["vm1", "unblock-nouveau"],
  ["vm1", "release"],
] as const;

const ofHostsEnd = [
  ["kvm1", "vgpus"],
  ["kvm1", "disable-vfs"],
  ["kvm1", "remove-boot-unit"],
  ["kvm1", "poll-job"],
  ["kvm1", "unblock-nouveau"],
  ["kvm1", "reboot-machine"],
  ["kvm1", "release"],
] as const;

const up = ["up", "--yes", "--skip-preview"];
const guestUrn = "urn:pulumi:test::story::pulumi-nodejs:dynamic/vgpu:GuestDriverInstall::vm1";
const endOfGuest = ["destroy", "--yes", "--skip-preview", "--target", guestUrn];
const endOfAll = ["destroy", "--yes", "--skip-preview"];

describe("a run that is killed after one remote command of each step kind, and run again", () => {
  let killed: Story;
  let undisturbed: Story;
  const bare = new Map<SimulatedMachine, readonly string[]>();
  let bareDigest: string;

  async function open(): Promise<Story> {
    const story = await openStory({ kvm1: { kind: "ampereMdev" }, vm1: { kind: "linuxGuest" } });
    story.declare({
      hosts: { kvm1: hostArgs(story, "kvm1", gpu) },
      vgpus: vgpuRow("desk", 2, { host: "kvm1", gpu, type: "A40-8Q" }),
      guests: { vm1: guestArgs(story, "vm1", "desk-1") },
    });
    const [vm1, kvm1] = [story.machine("vm1"), story.machine("kvm1")];
    await story.simulator.invoke({ module: tie, export: "tieGuest" }, [vm1, kvm1], {
      vmName: "vm1",
      mdevUuid: vgpuUuid("story", "test", "desk-1"),
    });
    for (const machine of [vm1, kvm1]) bare.set(machine, await machine.persistentLines());
    return story;
  }

  beforeAll(async () => {
    [killed, undisturbed] = await Promise.all([open(), open()]);
    bareDigest = await killed.machine("kvm1").digest();
    mustSucceed(await undisturbed.stack.up(["--skip-preview"]));
  });
  afterAll(() => Promise.all([killed?.close(), undisturbed?.close()]));

  /** What is on a machine that was not there when it was bare, and the text of what we note there. */
  async function footprint(story: Story, name: string): Promise<unknown> {
    const machine = story.machine(name);
    const before = new Set(bare.get(machine));
    const lines = (await machine.persistentLines()).filter((line) => !before.has(line));
    const noted = await machine.shell("cd /etc/pulumi-vgpu && grep -r . . | sort");
    return {
      paths: lines.map((line) => line.split(" ").slice(0, 2).join(" ")),
      noted: noted.stdout.replace(/bootId=\S+|boot=\S+/g, "boot=…").split("\n"),
      mdevs: await mdevsOn(machine),
    };
  }

  it("ends as the undisturbed run ends: up", async () => {
    for (const [machine, command] of ofUp) {
      await killAfter(killed.stack, up, { machine: killed.machine(machine), command });
    }
    mustSucceed(await killed.stack.up(["--skip-preview"]));
    for (const name of ["kvm1", "vm1"]) {
      expect(await footprint(killed, name), name).toEqual(await footprint(undisturbed, name));
    }
    const license = await killed.machine("vm1").shell("nvidia-smi -q | grep 'License Status'");
    expect(license.stdout).toMatch(/: Licensed/);
    mustSucceed(await killed.stack.up(["--skip-preview", "--expect-no-changes"]));
  });

  it("ends with a bare guest and a bare host: destroy", async () => {
    const [vm1, kvm1] = [killed.machine("vm1"), killed.machine("kvm1")];
    for (const [machine, command] of ofGuestsEnd) {
      await killAfter(killed.stack, endOfGuest, { machine: killed.machine(machine), command });
    }
    mustSucceed(await killed.stack.run(endOfGuest));
    // The vendor's package makes the token's folder, and its uninstaller leaves it.
    const left = (await vm1.persistentLines()).filter((line) => !line.startsWith("/etc/nvidia"));
    expect(left).toEqual(bare.get(vm1));
    await killed.simulator.invoke({ module: tie, export: "shutdownGuest" }, [vm1]);
    for (const [machine, command] of ofHostsEnd) {
      await killAfter(killed.stack, endOfAll, { machine: killed.machine(machine), command });
    }
    mustSucceed(await killed.stack.run(endOfAll));
    expect(await kvm1.persistentLines()).toEqual(bare.get(kvm1));
    expect(await kvm1.digest()).toBe(bareDigest);
    expect((await killed.stack.exportState()).resources).toEqual([]);
  });
});
