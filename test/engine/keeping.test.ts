import type { types } from "@pulumi/command";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import type { ConnectionArgs } from "../../sdk/args.js";
import { connectionTo } from "../fleet/fleet.js";
import type { DeclaredVgpu } from "./programs/declared-fleet.js";
import { quickProgram } from "./support/declared-stack.js";
import { expectOneMessage } from "./support/messages.js";
import { mustSucceed, Stack } from "./support/stack.js";
import { hostArgs, openStory, type Story } from "./support/story.js";
import { commandNames, mdevsOn, untouched } from "./support/witness.js";

const gpu = "0000:3b:00.0";
const password = "open-sesame-of-kvm1";

describe("what the program protects, refresh, and runs without machines", () => {
  let story: Story;
  const kvm1 = () => story.machine("kvm1");

  /** Declares the host, reached as a user who needs a password for sudo, and vGPUs by what differs in them. */
  function declare(vgpus: Readonly<Record<string, Partial<DeclaredVgpu>>>): void {
    const connection = {
      ...connectionTo(kvm1(), story.folder, "admin"),
      secrets: { sudoPassword: "sudoPassword" },
    };
    const vgpu = { host: "kvm1", gpu, type: "T4-4Q" };
    story.declare({
      hosts: { kvm1: { ...hostArgs(story, "kvm1", gpu), connection } },
      vgpus: Object.fromEntries(Object.entries(vgpus).map(([name, more]) => [name, { ...vgpu, ...more }])),
    });
  }

  async function upAndCount(): Promise<number> {
    mustSucceed(await story.stack.up(["--skip-preview"]));
    return Object.keys(await mdevsOn(kvm1())).length;
  }

  beforeAll(async () => {
    const options = { sudo: "password", passwords: { admin: password } } as const;
    story = await openStory({ kvm1: { kind: "turingLegacy", options } });
    await story.stack.setConfig("sudoPassword", password, { secret: true });
    declare({ held: { options: { protect: true } }, free: {} });
    expect(await upAndCount()).toBe(2);
  });
  afterAll(() => story?.close());

  it("stores a password for sudo encrypted, and sends it in no argument", async () => {
    const { text, resources } = await story.stack.exportState();
    expect(text).not.toContain(password);
    const vgpu = resources.find(({ urn }) => urn.endsWith("::free"));
    expect(JSON.stringify(vgpu?.inputs)).toContain("ciphertext");
    for (const { command } of await kvm1().commands()) expect(command.includes(password)).toBe(false);
  });

  it("prints a password in no log that Pulumi writes up to -v=7", async () => {
    const run = await story.stack.run(["preview", "--debug", "-v=7", "--logtostderr"]);
    expect(mustSucceed(run).output).toContain("sudoPassword");
    expect(run.output).not.toContain(password);
  });

  it("never retires a protected vGPU to make room for another size", async () => {
    declare({ free: { type: "T4-8Q" } });
    await untouched([kvm1()], async () => {
      const run = await story.stack.run(["preview"]);
      expectOneMessage(run, { code: "VGPU_SIZE_CONFLICT", says: ["kvm1", "T4-8Q", "protects"] });
    });
  });

  it("leaves a vGPU that is retained on delete, and takes it up again when it is declared again", async () => {
    declare({ held: {}, kept: { options: { retainOnDelete: true } } });
    expect(await upAndCount()).toBe(2);
    declare({ held: {} });
    expect(await upAndCount()).toBe(2);
    declare({ held: {}, kept: {} });
    expect(await upAndCount()).toBe(2);
    expect((await story.stack.exportState()).resources.map(({ urn }) => urn.split("::").at(-1))).toContain(
      "kept",
    );
  });

  it("reads drift into the state with refresh, and changes nothing", async () => {
    await kvm1().shell("systemctl stop nvidia-vgpu-mgr.service");
    const run = mustSucceed(await story.stack.refresh(["--skip-preview"]));
    expect(run.output).toMatch(/1 updated|~ 1/);
    expect((await story.stack.exportState()).text).toMatch(/"managerService": "(inactive|failed)"/);
    await kvm1().shell("systemctl start nvidia-vgpu-mgr.service");
    mustSucceed(await story.stack.up(["--skip-preview"]));
  });

  it("previews from stored state with VGPU_OFFLINE=1, saying so once, and refuses to change anything", async () => {
    const offline = new Stack({ ...story.project, env: { ...quickProgram, VGPU_OFFLINE: "1" } });
    await kvm1().resetCounters();
    const preview = mustSucceed(await offline.run(["preview"]));
    expect(
      preview.output.slice(preview.output.indexOf("Diagnostics:")).split("VGPU_OFFLINE=1").length - 1,
    ).toBe(1);
    declare({ held: { type: "T4-8Q" } });
    expectOneMessage(await offline.up(["--skip-preview"]), { code: "VGPU_OFFLINE", says: ["kvm1 held"] });
    expect(await commandNames(kvm1())).toEqual([]);
  });
});

describe("a connection", () => {
  it("serves @pulumi/command's remote.Command too", () => {
    type RemoteConnection = types.input.remote.ConnectionArgs;
    expectTypeOf<RemoteConnection>().toExtend<ConnectionArgs>();
    expectTypeOf<ConnectionArgs>().toExtend<RemoteConnection>();
  });
});
