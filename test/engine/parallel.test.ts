import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../tools/paths.js";
import { connectionTo, fleetRelease } from "../fleet/fleet.js";
import { licenseToken } from "../fleet/program.js";
import type { Declared, DeclaredGuest } from "./programs/declared-fleet.js";
import { mustSucceed, type StackRun } from "./support/stack.js";
import { hostArgs, openStory, type Story, vgpuRow } from "./support/story.js";

const gpu = "0000:41:00.0";
const bareGuests = ["plain", "late", "more-1", "more-2", "more-3", "more-4"];
const small = { kind: "ampereMdev", args: [{ gpus: [{ board: "NVIDIA A2", address: gpu }] }] } as const;
const machines = {
  kvm1: small,
  kvm2: { kind: "mttyHost" },
  kvm3: { kind: "mttyHost" },
  kvm4: { kind: "mttyHost" },
  kvm5: { kind: "mttyHost" },
  desk: { kind: "linuxGuest" },
  ...Object.fromEntries(bareGuests.map((name) => [name, { kind: "linuxGuest" } as const])),
} as const;

/** What a machine says that waits for another one's check for long. */
const waits = "waits for the look at";

describe("a run that changes few resources at once", () => {
  let story: Story;
  const bare = (name: string): DeclaredGuest => ({
    connection: connectionTo(story.machine(name), story.folder),
  });
  const bareHost = (name: string) => ({ ...bare(name), gpus: {} });

  function first(): Declared {
    const desk = {
      ...bare("desk"),
      device: "seat-1",
      driver: { release: fleetRelease.release, package: story.packages.guest },
      license: { token: licenseToken },
      reboot: { allow: true },
    };
    return {
      hosts: { kvm1: hostArgs(story, "kvm1", gpu), kvm2: bareHost("kvm2") },
      vgpus: vgpuRow("seat", 2, { host: "kvm1", gpu, type: "A2-4Q" }),
      guests: { desk, plain: bare("plain"), late: { ...bare("late"), after: "kvm1" } },
    };
  }

  beforeAll(async () => {
    story = await openStory(machines);
    const tie = { module: path.join(repositoryRoot, "test/host/model/tie.ts"), export: "tieGuest" };
    const parts = [story.machine("desk"), story.machine("kvm1")];
    await story.simulator.invoke(tie, parts, { vmName: "desk", type: "A2-4Q" });
    for (const name of bareGuests) await story.machine(name).powerOn();
  });
  afterAll(() => story?.close());

  function expectDone(run: StackRun, created: number): void {
    expect(mustSucceed(run).output).toContain(`+ ${created} created`);
    expect(run.output).not.toContain(waits);
  }

  it("one at a time: previews and makes hosts, vGPUs and guests, and none waits for what cannot come before", {
    timeout: 600_000,
  }, async () => {
    story.declare(first());
    mustSucceed(await story.stack.preview(["--parallel", "1"]));
    expectDone(await story.stack.up(["--skip-preview", "--parallel", "1"]), 8);
    const again = await story.stack.up(["--skip-preview", "--parallel", "1", "--expect-no-changes"]);
    expect(mustSucceed(again).output).toContain("8 unchanged");
  });

  it("two at a time: nor does a host wait for guests behind the two that are made", {
    timeout: 600_000,
  }, async () => {
    const { hosts, guests, ...rest } = first();
    story.declare({
      ...rest,
      hosts: { ...hosts, kvm3: bareHost("kvm3"), kvm4: bareHost("kvm4") },
      guests: { ...guests, "more-1": bare("more-1"), "more-2": bare("more-2"), "more-3": bare("more-3") },
    });
    expectDone(await story.stack.up(["--skip-preview", "--parallel", "2"]), 5);
  });

  it("or is about one host alone: it waits for no guest that is no target", {
    timeout: 300_000,
  }, async () => {
    const { hosts, guests, ...rest } = first();
    story.declare({
      ...rest,
      hosts: { ...hosts, kvm5: bareHost("kvm5") },
      guests: { ...guests, "more-4": bare("more-4") },
    });
    expectDone(await story.stack.up(["--skip-preview", "--target", "**VgpuHost::kvm5"]), 1);
  });
});
