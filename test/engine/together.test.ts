import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mustSucceed } from "./support/stack.js";
import { hostArgs, openStory, type Story, vgpuRow } from "./support/story.js";

const gpu = "0000:3b:00.0";
const gpus = [gpu, "0000:5e:00.0", "0000:86:00.0", "0000:af:00.0"];

describe("16 vGPUs of one host", () => {
  let story: Story;
  beforeAll(async () => {
    const boards = gpus.map((address) => ({ board: "Tesla T4", address }));
    story = await openStory({ kvm1: { kind: "turingLegacy", args: [{ gpus: boards }] } });
    declare(0);
    mustSucceed(await story.stack.up(["--skip-preview"]));
  });
  afterAll(() => story?.close());

  /** Declares as many on each of these GPUs of the host. */
  function declare(count: number, on: readonly string[] = [gpu]): void {
    const usage = { usage: "vgpu" } as const;
    const rows = on.map((at) => vgpuRow(`seat-${at}`, count, { host: "kvm1", gpu: at, type: "T4-1Q" }));
    story.declare({
      hosts: {
        kvm1: { ...hostArgs(story, "kvm1", gpu), gpus: Object.fromEntries(gpus.map((at) => [at, usage])) },
      },
      vgpus: Object.assign({}, ...rows),
    });
  }

  async function commandsOf(args: readonly string[]): Promise<readonly string[]> {
    const machine = story.machine("kvm1");
    const before = (await machine.commands()).length;
    mustSucceed(await story.stack.up(args));
    return (await machine.commands()).slice(before).map(({ name }) => name);
  }

  it.for([
    { on: [gpu], parallel: [], most: 8 },
    { on: [gpu], parallel: ["--parallel", "32"], most: 4 },
    { on: gpus, parallel: [], most: 8 },
    { on: gpus, parallel: ["--parallel", "32"], most: 4 },
  ])(
    "cost it at most $most round trips beside the run's first look: on $on.length of its GPUs, $parallel",
    async ({ on, parallel, most }) => {
      declare(16 / on.length, on);
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
