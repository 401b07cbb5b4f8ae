import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../tools/paths.js";
import type { DeclaredVgpu } from "./programs/declared-fleet.js";
import { killAfter } from "./support/kill.js";
import { expectOneMessage } from "./support/messages.js";
import { mustSucceed } from "./support/stack.js";
import { hostArgs, openStory, type Story, vgpuRow } from "./support/story.js";
import { mdevsOn, untouched } from "./support/witness.js";

const gpu = "0000:41:00.0";
const tie = path.join(repositoryRoot, "test/host/model/tie.ts");

describe("changing every vGPU of a GPU in one up", () => {
  let story: Story;

  /** Declares the host and `count` vGPUs of a type, the vGPUs with what `more` gives for each name. */
  function declare(prefix: string, count: number, type: string, more: (name: string) => object = () => ({})) {
    const row = Object.entries(vgpuRow(prefix, count, { host: "kvm1", gpu, type }));
    const vgpus = Object.fromEntries(
      row.map(([name, vgpu]): [string, DeclaredVgpu] => [name, { ...vgpu, ...more(name) }]),
    );
    story.declare({ hosts: { kvm1: hostArgs(story, "kvm1", gpu) }, vgpus });
  }

  async function expectMdevs(count: number, type: string): Promise<void> {
    const found = Object.values(await mdevsOn(story.machine("kvm1")));
    expect(found).toEqual(Array.from({ length: count }, () => `NVIDIA ${type}`));
    mustSucceed(await story.stack.up(["--skip-preview", "--expect-no-changes"]));
  }

  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "ampereMdev" }, vm1: { kind: "linuxGuest" } });
    declare("a", 6, "A40-8Q");
    mustSucceed(await story.stack.up(["--skip-preview"]));
  });
  afterAll(() => story?.close());

  it("makes six of one size six of another, in place", async () => {
    declare("a", 6, "A40-4Q");
    const run = mustSucceed(await story.stack.up());
    expect(run.output).toContain("6 updated");
    await expectMdevs(6, "A40-4Q");
  });

  it("makes six of them twelve, one resource at a time", async () => {
    declare("a", 6, "A40-8Q");
    mustSucceed(await story.stack.up(["--skip-preview"]));
    declare("a", 12, "A40-4Q");
    mustSucceed(await story.stack.up(["--skip-preview", "--parallel", "1"]));
    await expectMdevs(12, "A40-4Q");
  });

  it("makes twelve of them six larger ones under new names", async () => {
    declare("b", 6, "A40-8Q");
    mustSucceed(await story.stack.up(["--skip-preview"]));
    await expectMdevs(6, "A40-8Q");
  });

  it("goes on after a kill -9 in the middle", async () => {
    declare("b", 12, "A40-4Q");
    const point = { machine: story.machine("kvm1"), command: "vgpus", nth: 3 };
    await killAfter(story.stack, ["up", "--yes", "--skip-preview"], point);
    mustSucceed(await story.stack.up(["--skip-preview"]));
    await expectMdevs(12, "A40-4Q");
  });

  it("makes the one that --target names, and the others in the next up", async () => {
    declare("b", 6, "A40-8Q");
    const target = "urn:pulumi:test::story::pulumi-nodejs:dynamic/vgpu:MdevDevice::b-2";
    mustSucceed(await story.stack.up(["--skip-preview", "--target", target]));
    expect(Object.values(await mdevsOn(story.machine("kvm1")))).toContain("NVIDIA A40-8Q");
    mustSucceed(await story.stack.up(["--skip-preview"]));
    await expectMdevs(6, "A40-8Q");
  });

  it("takes in those that are constructed after an await or inside apply", async () => {
    const late: Readonly<Record<string, string>> = { "c-3": "await", "c-4": "apply", "c-5": "await" };
    declare("c", 6, "A40-4Q", (name) => (late[name] === undefined ? {} : { late: late[name] }));
    mustSucceed(await story.stack.up());
    await expectMdevs(6, "A40-4Q");
  });

  it("refuses a type that contradicts the board, offering what the host has", async () => {
    const { preview } = story;
    const vgpus = { wrong: { host: "kvm1", gpu, type: "L40S-8Q" } };
    await untouched([story.machine("kvm1")], async () => {
      const run = await preview({ hosts: { kvm1: hostArgs(story, "kvm1", gpu) }, vgpus });
      expectOneMessage(run, { code: "VGPU_UNKNOWN_TYPE", says: ["kvm1", gpu, "L40S-8Q", "A40-8Q"] });
    });
  });

  it("is refused whole while a VM uses one of them, naming the VM", async () => {
    const kvm1 = story.machine("kvm1");
    await story.simulator.invoke({ module: tie, export: "tieGuest" }, [story.machine("vm1"), kvm1], {
      vmName: "desk-of-ada",
      type: "A40-4Q",
    });
    await expect.poll(() => story.machine("vm1").poweredOn(), { timeout: 20_000 }).toBe(true);
    declare("c", 6, "A40-8Q");
    await untouched([kvm1], async () => {
      for (const run of [await story.stack.run(["preview"]), await story.stack.up(["--skip-preview"])]) {
        expectOneMessage(run, { code: "VGPU_IN_USE", says: ["kvm1", gpu, "desk-of-ada", "shut"] });
      }
    });
  });
});
