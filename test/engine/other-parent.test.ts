import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionTo } from "../fleet/fleet.js";
import type { DeclaredVgpu } from "./programs/declared-fleet.js";
import { expectOneMessage } from "./support/messages.js";
import { mustSucceed } from "./support/stack.js";
import { openStory, type Story } from "./support/story.js";
import { changingCommands, mdevsOn, untouched } from "./support/witness.js";

describe("mdevs of a driver that is not NVIDIA's", () => {
  let story: Story;
  const kvm1 = () => story.machine("kvm1");

  /** Declares the host, with nothing but its connection, and mdevs of mtty: their types by name. */
  function declare(mdevs: Readonly<Record<string, string>>, more: Partial<DeclaredVgpu> = {}): void {
    const entries = Object.entries(mdevs).map(([name, mdevType]) => [
      name,
      { host: "kvm1", parent: "mtty", mdevType, ...more },
    ]);
    story.declare({
      hosts: { kvm1: { connection: connectionTo(kvm1(), story.folder) } },
      vgpus: Object.fromEntries(entries),
    });
  }

  async function expectNoChange(): Promise<void> {
    await kvm1().resetCounters();
    mustSucceed(await story.stack.run(["preview", "--expect-no-changes"]));
    expect((await kvm1().counters()).channels).toBe(1);
  }

  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "mttyHost", args: [{ iommu: false }] } });
  });
  afterAll(() => story?.close());

  it("are made in one up, and need nothing more", async () => {
    const bare = await kvm1().digest();
    declare({ "serial-1": "mtty-2", "serial-2": "mtty-1" });
    mustSucceed(await story.stack.up());
    expect(Object.values(await mdevsOn(kvm1())).sort()).toEqual(["Dual port serial", "Single port serial"]);
    expect(await kvm1().digest()).not.toBe(bare);
    await expectNoChange();
  });

  it("change their type in place, and keep their UUIDs", async () => {
    const before = Object.keys(await mdevsOn(kvm1())).sort();
    declare({ "serial-1": "mtty-1", "serial-2": "mtty-2" });
    const preview = mustSucceed(await story.stack.preview());
    expect(preview.output).toMatch(/~ mdevType *: "mtty-2" => "mtty-1"/);
    expect(preview.output).not.toMatch(/replace/);
    mustSucceed(await story.stack.up(["--skip-preview"]));
    expect(Object.keys(await mdevsOn(kvm1())).sort()).toEqual(before);
    await expectNoChange();
  });

  it("are refused where they are declared in both forms, and nothing is touched", async () => {
    declare({ "serial-1": "mtty-1" }, { gpu: "0000:3b:00.0", type: "A40-8Q" });
    await untouched([kvm1()], async () => {
      const run = await story.stack.up(["--skip-preview"]);
      expectOneMessage(run, { code: "VGPU_INPUT", says: ["serial-1", "either gpu and type"] });
    });
  });

  it("go with the stack, and leave the host as it was", async () => {
    declare({ "serial-1": "mtty-1" });
    await kvm1().resetCounters();
    mustSucceed(await story.stack.destroy(["--skip-preview"]));
    expect(await mdevsOn(kvm1())).toEqual({});
    // Deletions that come together are one script: whether they do is the engine's affair.
    expect([...new Set(await changingCommands(kvm1()))]).toEqual(["vgpus", "remove-boot-unit", "release"]);
    const left = await kvm1().shell(
      "ls -d /etc/pulumi-vgpu /etc/mdevctl.d/mtty /usr/local/lib/pulumi-vgpu 2> /dev/null",
    );
    expect(left.stdout).toBe("");
  });
});
