import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionTo } from "../fleet/fleet.js";
import { mustSucceed, Stack } from "./support/stack.js";
import { openStory, type Story } from "./support/story.js";
import { mdevsOn } from "./support/witness.js";

const parent = "mtty";

describe("a change of names", () => {
  let story: Story;
  let made: string[];
  const kvm = () => story.machine("kvm1");
  const uuids = async () => Object.keys(await mdevsOn(kvm())).sort();
  const owners = async () => {
    const { stdout } = await kvm().shell(
      "grep -rh -e ^owner= -e ^name= /etc/pulumi-vgpu/host /etc/pulumi-vgpu/vgpu",
    );
    return [...new Set(stdout.trim().split("\n"))].sort();
  };

  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "mttyHost" } });
    story.declare({
      hosts: { kvm1: { connection: connectionTo(kvm(), story.folder) } },
      vgpus: {
        "desk-1": { host: "kvm1", parent, mdevType: "mtty-1" },
        "desk-2": { host: "kvm1", parent, mdevType: "mtty-1" },
      },
    });
    mustSucceed(await story.stack.up(["--skip-preview"]));
    made = await uuids();
    expect(made).toHaveLength(2);
  });
  afterAll(() => story?.close());

  it("by aliases replaces nothing: host and vGPU stay, and the host knows them by the new names", async () => {
    const options = (name: string) => ({ aliases: [{ name }] });
    story.declare({
      hosts: { kvm2: { connection: connectionTo(kvm(), story.folder), options: options("kvm1") } },
      vgpus: {
        "seat-1": { host: "kvm2", parent, mdevType: "mtty-1", options: options("desk-1") },
        "desk-2": { host: "kvm2", parent, mdevType: "mtty-1" },
      },
    });
    const run = mustSucceed(await story.stack.up());
    expect(run.output).not.toMatch(/replace|created|deleted/);
    expect(await uuids()).toEqual(made);
    expect(await owners()).toEqual([
      "name=desk-2",
      "name=seat-1",
      "owner=story/test",
      "owner=story/test/kvm2",
    ]);
  });

  it("of the stack replaces nothing either", async () => {
    mustSucceed(await story.stack.run(["stack", "rename", "prod"]));
    const { projectDir, stateDir } = story.project;
    const prod = new Stack({ projectDir, stateDir, env: story.stack.env, name: "prod" });
    const run = mustSucceed(await prod.up());
    expect(run.output).not.toMatch(/replace|created|deleted/);
    expect(await uuids()).toEqual(made);
    expect(await owners()).toEqual([
      "name=desk-2",
      "name=seat-1",
      "owner=story/prod",
      "owner=story/prod/kvm2",
    ]);
    expect(mustSucceed(await prod.run(["preview"])).output).toMatch(/3 unchanged|unchanged/);
  });

  it("of the project replaces nothing either", async () => {
    const { projectDir, stateDir } = story.project;
    const prod = new Stack({ projectDir, stateDir, env: story.stack.env, name: "prod" });
    mustSucceed(await prod.run(["stack", "rename", "organization/shop/prod"]));
    const file = path.join(projectDir, "Pulumi.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^name: .*$/m, "name: shop"));
    const run = mustSucceed(await prod.up());
    expect(run.output).not.toMatch(/replace|created|deleted/);
    expect(await uuids()).toEqual(made);
    expect(await owners()).toEqual(["name=desk-2", "name=seat-1", "owner=shop/prod", "owner=shop/prod/kvm2"]);
    mustSucceed(await prod.destroy(["--skip-preview"]));
    expect(await uuids()).toEqual([]);
  });
});
