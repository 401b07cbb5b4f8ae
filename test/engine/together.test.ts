import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mustSucceed } from "./support/stack.js";
import { hostArgs, openStory, type Story, vgpuRow } from "./support/story.js";

const gpu = "0000:3b:00.0";

describe("16 vGPUs of one host", () => {
  let story: Story;
  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "turingLegacy" } });
    declare(0);
    mustSucceed(await story.stack.up(["--skip-preview"]));
  });
  afterAll(() => story?.close());

  function declare(count: number): void {
    story.declare({
      hosts: { kvm1: hostArgs(story, "kvm1", gpu) },
      vgpus: vgpuRow("seat", count, { host: "kvm1", gpu, type: "T4-1Q" }),
    });
  }

  async function commandsOf(args: readonly string[]): Promise<readonly string[]> {
    const machine = story.machine("kvm1");
    const before = (await machine.commands()).length;
    mustSucceed(await story.stack.up(args));
    return (await machine.commands()).slice(before).map(({ name }) => name);
  }

  it.for([
    { parallel: [], most: 8 },
    { parallel: ["--parallel", "32"], most: 4 },
  ])(
    "cost it at most $most round trips beside the run's first look: $parallel",
    async ({ parallel, most }) => {
      declare(16);
      const commands = await commandsOf(["--skip-preview", ...parallel]);
      // The refresh that begins each run looks once, whatever follows.
      expect(commands.length - 1, commands.join(" ")).toBeLessThanOrEqual(most);
      expect(
        (await story.stack.exportState()).resources.filter(({ type }) => type.endsWith("MdevDevice")),
      ).toHaveLength(16);
      declare(0);
      mustSucceed(await story.stack.up(["--skip-preview"]));
    },
  );
});

describe("16 vGPUs on each of two hosts", () => {
  const names = ["kvm1", "kvm2"];
  let story: Story;
  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "turingLegacy" }, kvm2: { kind: "turingLegacy" } });
  });
  afterAll(() => story?.close());

  function declare(count: number): void {
    story.declare({
      hosts: Object.fromEntries(names.map((name) => [name, hostArgs(story, name, gpu)])),
      vgpus: Object.assign(
        {},
        ...names.map((host) => vgpuRow(`${host}-seat`, count, { host, gpu, type: "T4-1Q" })),
      ),
    });
  }

  it("cost both together at most 26 round trips, 8 changes at once and the looks of the run included", async () => {
    declare(0);
    mustSucceed(await story.stack.up(["--skip-preview"]));
    declare(16);
    await Promise.all(names.map((name) => story.machine(name).resetCounters()));
    mustSucceed(await story.stack.up(["--skip-preview", "--parallel", "8"]));
    const counters = await Promise.all(names.map((name) => story.machine(name).counters()));
    expect(counters.reduce((sum, { channels }) => sum + channels, 0)).toBeLessThanOrEqual(26);
  });
});
