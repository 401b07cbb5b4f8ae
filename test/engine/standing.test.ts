import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStandingStory, shutDownGuest, stand, standingHosts } from "../standing/stand.js";
import { expectNoStackTrace } from "./support/messages.js";
import { mustSucceed, type StackRun } from "./support/stack.js";
import type { Story } from "./support/story.js";
import { mdevsOn, untouched } from "./support/witness.js";

const versions = ["de728da"] as const;

/** The properties that a preview says to change, each with its resource. */
function changedProperties({ output }: StackRun): string[] {
  const changed: string[] = [];
  let resource = "";
  for (const line of output.split("\n")) {
    resource = /\[urn=.*::([^:\]]+)\]/.exec(line)?.[1] ?? resource;
    const property = /^\s+[~+-] (\w+)\s*:/.exec(line)?.[1];
    if (property !== undefined) changed.push(`${resource} ${property}`);
  }
  return changed.sort();
}

describe.each(versions)("what version %s left on hosts, in a guest and in a state", (version) => {
  let story: Story;
  const bare = new Map<string, string>();
  const machines = () => [...standingHosts(), "desk"].map((name) => story.machine(name));
  const uuids = async () =>
    (await Promise.all(["turing", "ampere", "mtty"].map((name) => mdevsOn(story.machine(name))))).flatMap(
      (mdevs) => Object.keys(mdevs).sort(),
    );
  let before: string[] = [];

  beforeAll(async () => {
    story = await openStandingStory();
    for (const name of standingHosts()) bare.set(name, await story.machine(name).digest());
    await stand(story, version);
    before = await uuids();
  });
  afterAll(() => story?.close());

  it("is previewed without a false change: only what runs at boot is another text", async () => {
    expect(before).toHaveLength(6);
    const preview = await untouched(machines(), () => story.stack.preview());
    mustSucceed(preview);
    expectNoStackTrace(preview);
    expect(changedProperties(preview).filter((line) => !line.endsWith(" restoredAtBoot"))).toEqual([]);
    expect(preview.output).not.toMatch(/replace|to (create|delete)/);
  });

  it("is taken on by one up, and needs nothing more", async () => {
    mustSucceed(await story.stack.up(["--skip-preview"]));
    expect(await uuids()).toEqual(before);
    mustSucceed(await story.stack.run(["preview", "--expect-no-changes"]));
  });

  it("is healed", async () => {
    await story
      .machine("turing")
      .shell("echo 1 > /sys/bus/mdev/devices/$(ls /sys/bus/mdev/devices | head -n 1)/remove");
    expect(await uuids()).toHaveLength(5);
    mustSucceed(await story.stack.up(["--skip-preview"]));
    expect(await uuids()).toEqual(before);
  });

  it("is destroyed, to the bare hosts of before", async () => {
    mustSucceed(await story.stack.destroy(["--target", "**GuestDriverInstall::desk"]));
    await shutDownGuest(story);
    mustSucceed(await story.stack.destroy(["--skip-preview"]));
    for (const name of standingHosts()) expect(await story.machine(name).digest(), name).toBe(bare.get(name));
  });
});

describe.each(versions)("the same, destroyed at once (%s)", (version) => {
  let story: Story;
  beforeAll(async () => {
    story = await openStandingStory();
  });
  afterAll(() => story?.close());

  it("leaves bare hosts", async () => {
    const bare = new Map<string, string>();
    for (const name of standingHosts()) bare.set(name, await story.machine(name).digest());
    await stand(story, version);
    mustSucceed(await story.stack.destroy(["--target", "**GuestDriverInstall::desk"]));
    await shutDownGuest(story);
    mustSucceed(await story.stack.destroy(["--skip-preview"]));
    for (const name of standingHosts()) expect(await story.machine(name).digest(), name).toBe(bare.get(name));
  });
});
