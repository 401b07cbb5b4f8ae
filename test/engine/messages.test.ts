import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diagnosticsOf, toldOf } from "./support/messages.js";
import { mustSucceed } from "./support/stack.js";
import { hostArgs, openStory, type Story } from "./support/story.js";

const gpu = "0000:41:00.0";
const type = "pulumi-nodejs:dynamic/vgpu";

describe("what is told in a run", () => {
  let story: Story;
  const desk = { host: "kvm1", gpu, type: "A40-8Q" };
  const host = `${type}:VgpuHost kvm1`;
  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "ampereMdev" } });
  });
  afterAll(() => story?.close());

  it("is the plan under the name of its resource, a line a step, the reboots and why on top", async () => {
    story.declare({
      hosts: { kvm1: hostArgs(story, "kvm1", gpu) },
      vgpus: { desk, seat: { ...desk, below: "room" } },
    });
    const told = toldOf(mustSucceed(await story.stack.run(["preview"])));
    expect(Object.keys(told)).toEqual([host]);
    const [warning, ...plan] = told[host] ?? [];
    expect(warning).toMatch(/^warning: there is no dkms, /);
    expect(plan).toEqual([
      "8 steps, 2 reboots (nouveau is loaded; vGPU manager 550.127.06 needs a boot after its installation)",
      "  1 claim-host               nobody manages the host yet",
      "  2 upload-package           the package is not on the machine",
      "  3 block-nouveau            nouveau is loaded",
      "  4 REBOOT                   nouveau is loaded",
      "  5 install-driver           vGPU manager 550.127.06 is not installed",
      "  6 REBOOT                   vGPU manager 550.127.06 needs a boot after its installation",
      "  7 install-boot-unit        nothing restores vGPUs at boot",
      "  8 enable-vfs 0000:41:00.0  0 of 32 virtual functions are on",
    ]);
  });

  it("leaves the engine's own form of a preview whole", async () => {
    const run = mustSucceed(await story.stack.run(["preview", "--json"]));
    expect(Object.keys(JSON.parse(run.stdout))).toContain("steps");
    expect(run.stdout).not.toContain("kvm1: ");
  });

  it("is the progress of each step on the row of its resource, of which nothing stays", async () => {
    const run = mustSucceed(await story.stack.up(["--skip-preview"]));
    const rows = run.output.split("\n").filter((line) => line.includes("step 5 of 8: install-driver"));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toMatch(/vgpu:VgpuHost kvm1 creating \(\d+s\) step 5 of 8/);
    expect(diagnosticsOf(run)).not.toContain("step 5 of 8");
    expect(run.output).toMatch(/vgpu:VgpuHost kvm1 created \(\d+s\) *\n/);
    expect(Object.keys(toldOf(run))).toEqual([host]);
  });

  it("is on the row of a resource in a component, too", async () => {
    story.declare({
      hosts: { kvm1: hostArgs(story, "kvm1", gpu) },
      vgpus: { seat: { ...desk, type: "A40-4Q", below: "room" } },
    });
    const run = mustSucceed(await story.stack.up(["--skip-preview"]));
    expect(run.output).toMatch(/vgpu:MdevDevice seat updating \(\d+s\) .*step 1 of 3: retire-vgpu/);
    expect(toldOf(run)).toEqual({
      [`${type}:MdevDevice seat`]: [
        "warning: idle vGPUs that are in the way of seat (A40-4Q) are retired first: desk",
      ],
    });
    const state = await story.stack.exportState();
    const rows = state.resources.map(({ outputs }) => outputs?.row).filter(Boolean);
    expect(rows).toEqual([`urn:pulumi:test::story::test:Desk$${type}:MdevDevice::seat`]);
  });

  it("is a refusal on the resource that it names", async () => {
    story.declare({
      hosts: { kvm1: hostArgs(story, "kvm1", gpu) },
      vgpus: { seat: { ...desk, type: "L40S-4Q", below: "room" } },
    });
    const told = toldOf(await story.stack.run(["preview"]));
    const refused = Object.entries(told).filter(([, lines]) => lines.join("\n").includes("VGPU_"));
    expect(refused.map(([row]) => row)).toEqual([`${type}:MdevDevice seat`]);
  });

  it("is that refusal also without a preview, before anything is registered", async () => {
    story.declare({
      hosts: { kvm1: hostArgs(story, "kvm1", gpu) },
      vgpus: { seat: { ...desk, type: "A40-4Q", below: "room" }, wrong: { ...desk, type: "nvidia-558" } },
    });
    const run = await story.stack.up(["--skip-preview"]);
    const told = toldOf(run);
    expect(told[`${type}:MdevDevice wrong`]?.[0]).toMatch(/^error: VGPU_UNKNOWN_TYPE wrong: "nvidia-558" /);
    expect(told["pulumi:pulumi:Stack story-test"]).toEqual([
      "error: Nothing was changed: 1 resource of the program cannot be as declared.",
    ]);
  });

  it("is what destroy will reboot, before it begins", async () => {
    const run = mustSucceed(await story.stack.destroy());
    expect(toldOf(run)[host]?.[0]).toBe("6 steps, 1 reboot (nouveau ran before us)");
  });
});
