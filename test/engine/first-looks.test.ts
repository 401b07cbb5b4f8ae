import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionTo } from "../fleet/fleet.js";
import { until } from "../host/machine/test-support.js";
import { toldOf } from "./support/messages.js";
import { mustSucceed } from "./support/stack.js";
import { openStory, type Story } from "./support/story.js";

const hasSsh = spawnSync("/bin/sh", ["-c", "command -v ssh"]).status === 0;
const hosts = ["kvm1", "kvm2", "kvm3", "kvm4"];

describe("a run over hosts that are new to it", () => {
  let story: Story;
  beforeAll(async () => {
    story = await openStory(Object.fromEntries(hosts.map((name) => [name, { kind: "mttyHost" } as const])));
    story.declare({
      hosts: Object.fromEntries(
        hosts.map((name) => [name, { connection: connectionTo(story.machine(name), story.folder) }]),
      ),
    });
  });
  afterAll(() => story?.close());

  const looksOf = async (name: string) =>
    (await story.machine(name).commands()).filter((command) => command.name === "pulumi-vgpu:observe-host");

  it("looks at each once, and what it saw is what their checks judge", { timeout: 240_000 }, async () => {
    mustSucceed(await story.stack.preview());
    for (const name of hosts) {
      expect((await looksOf(name)).map(({ outcome }) => outcome)).toEqual(["answered"]);
      await story.machine(name).resetCounters();
    }
  });

  it("looks at all of them beside each other", { timeout: 240_000 }, async () => {
    for (const name of hosts)
      await story.machine(name).fault({ name: "pulumi-vgpu:observe-host", action: { kind: "hang" } });
    const run = story.stack.preview();
    await until(
      "every host is being looked at",
      async () => (await Promise.all(hosts.map(looksOf))).every((looks) => looks.at(-1)?.outcome === "hung"),
      60_000,
    );
    for (const name of hosts) await story.machine(name).restart("power-loss");
    // A look whose connection went is repeated: it changes nothing.
    mustSucceed(await run);
  });

  it.skipIf(!hasSsh)(
    "says by which way each is reached on its own row, once, where it is not the usual one",
    {
      timeout: 240_000,
    },
    async () => {
      mkdirSync(join(story.folder, ".ssh"));
      writeFileSync(join(story.folder, ".ssh/config"), "Host *\n  BindAddress 127.0.0.1\n");
      const run = mustSucceed(await story.stack.run(["preview"], { HOME: story.folder }));
      const way = "is reached by your own ssh, for BindAddress of ~/.ssh/config";
      const rows = Object.entries(toldOf(run)).map(([row, lines]) => [
        row,
        lines.filter((line) => line === way),
      ]);
      expect(Object.fromEntries(rows)).toEqual(
        Object.fromEntries(hosts.map((name) => [`pulumi-nodejs:dynamic/vgpu:VgpuHost ${name}`, [way]])),
      );
    },
  );

  it("looks at no host that is no target of it", { timeout: 240_000 }, async () => {
    for (const name of hosts) await story.machine(name).resetCounters();
    mustSucceed(await story.stack.preview(["--target", "**VgpuHost::kvm2"]));
    const looked = await Promise.all(hosts.map(async (name) => (await looksOf(name)).length));
    expect(looked).toEqual([0, 1, 0, 0]);
  });
});
