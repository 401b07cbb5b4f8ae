import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionTo, fleetRelease, writePackage } from "../fleet/fleet.js";
import { makeKeyPair } from "../ssh-keys.js";
import { codesIn, diagnosticsOf, expectNoStackTrace, expectOneMessage, oneLine } from "./support/messages.js";
import { mustSucceed } from "./support/stack.js";
import { hostArgs, openStory, type Story } from "./support/story.js";
import { untouched } from "./support/witness.js";

const ampere = "0000:41:00.0";

describe("a host that does not answer", () => {
  let story: Story;
  const declared = () => ({
    hosts: {
      good: { connection: connectionTo(story.machine("good"), story.folder) },
      gone: { connection: connectionTo(story.machine("gone"), story.folder) },
    },
  });

  beforeAll(async () => {
    story = await openStory({ good: { kind: "turingLegacy" }, gone: { kind: "ampereMdev" } });
    story.declare(declared());
    mustSucceed(await story.stack.up(["--skip-preview"]));
  });
  afterAll(() => story?.close());

  it("fails the run with one message, whose --exclude line lets the rest go on", async () => {
    await story.machine("gone").setNetwork("refused");
    const run = await untouched([story.machine("good")], () => story.stack.up());
    expectOneMessage(run, {
      code: "VGPU_UNREACHABLE",
      says: ["root@127.0.0.1", "ECONNREFUSED", "--exclude '**VgpuHost::gone'", "--exclude-dependents"],
    });
    const line = /pulumi (up --exclude '[^']+' --exclude-dependents)/.exec(oneLine(diagnosticsOf(run)))?.[1];
    const args = (line ?? "no such line").replaceAll("'", "").split(" ");
    await story.machine("good").removeFile("/etc/pulumi-vgpu/host");
    mustSucceed(await story.stack.run([...args, "--yes", "--skip-preview"]));
    expect(await story.machine("good").readFile("/etc/pulumi-vgpu/host")).toContain("story/test/good");
  });
});

describe("a key from the stack's configuration", () => {
  let story: Story;
  const first = makeKeyPair();
  const second = makeKeyPair();

  /** Makes one key the only one that the machine takes from this user, and the one that the stack is configured with. */
  async function use(key: { readonly public: string; readonly private: string }): Promise<void> {
    await story.machine("kvm1").writeFile("/root/.ssh/authorized_keys", `${key.public}\n`, 0o600);
    await story.stack.setConfig("sshKey", key.private, { secret: true });
  }

  beforeAll(async () => {
    story = await openStory({ kvm1: { kind: "turingLegacy" } });
    const { privateKeyPath: _path, ...connection } = connectionTo(story.machine("kvm1"), story.folder);
    story.declare({ hosts: { kvm1: { connection: { ...connection, secrets: { privateKey: "sshKey" } } } } });
    await use(first);
    mustSucceed(await story.stack.up(["--skip-preview"]));
  });
  afterAll(() => story?.close());

  it("is stored encrypted", async () => {
    const { text } = await story.stack.exportState();
    expect(text).toContain("privateKey");
    expect(text).not.toContain("PRIVATE KEY");
  });

  it("is refused after a rotation by one message, whose --refresh=false helps", async () => {
    await use(second);
    const run = await story.stack.up();
    expectOneMessage(run, {
      code: "VGPU_LOGIN",
      says: ["cannot log in as root", "connection.privateKey", "pulumi up --refresh=false"],
    });
    expect(run.output).not.toContain("PRIVATE KEY");
    mustSucceed(await story.stack.up(["--refresh=false"]));
    mustSucceed(await story.stack.up(["--skip-preview", "--expect-no-changes"]));
  });
});

describe("a host that does not do what it is told", () => {
  let story: Story;

  beforeAll(async () => {
    story = await openStory({
      idle: { kind: "turingLegacy" },
      empty: { kind: "ampereMdev", args: [{ faults: { vfsNeverAppear: true } }] },
    });
  });
  afterAll(() => story?.close());

  it("is told by one message each: an installer that leaves no driver, functions that do not appear", async () => {
    const { manager, release } = fleetRelease;
    const nothing = writePackage(path.join(story.folder, "idle"), "manager", {
      version: manager,
      fault: "nothing",
    });
    // From here on short waits take no time on this machine: nothing comes, however long one waits. The lock's are longer.
    const unhook = await story.machine("empty").onCommand(async ({ name }) => {
      if (!name.endsWith("install-boot-unit")) return;
      await story
        .machine("empty")
        .writeFile(
          "/usr/local/bin/sleep",
          '#!/bin/sh\ncase $1 in 0.*|1) ;; *) exec /usr/bin/sleep "$1" ;; esac\n',
          0o755,
        );
    });
    story.declare({
      hosts: {
        idle: { ...hostArgs(story, "idle", "0000:3b:00.0"), driver: { release, package: nothing } },
        empty: hostArgs(story, "empty", ampere),
      },
    });
    const run = await story.stack.up(["--skip-preview"]);
    await unhook();
    const told = diagnosticsOf(run);
    expect(run.code).not.toBe(0);
    expectNoStackTrace(run);
    expect(codesIn(told), told).toEqual(["VGPU_STEP_FAILED", "VGPU_STEP_FAILED"]);
    expect(oneLine(told)).toMatch(
      /idle: install-driver failed Saw: .* installer exit code 0; .* on disk: none/,
    );
    expect(oneLine(told)).toMatch(/empty: enable-vfs failed Saw: exit code 1: 0 of 32 virtual functions/);
  });

  it("is finished by the next up, once what stood in the way is gone", async () => {
    const kept = (await story.stack.exportState()).resources.map(({ urn }) => urn.split("::").at(-1));
    expect(kept).toEqual(expect.arrayContaining(["idle", "empty"]));
    await story.machine("empty").model("setFaults", { vfsNeverAppear: false });
    await story.machine("empty").removeFile("/usr/local/bin/sleep");
    story.declare({
      hosts: { idle: hostArgs(story, "idle", "0000:3b:00.0"), empty: hostArgs(story, "empty", ampere) },
    });
    mustSucceed(await story.stack.up(["--skip-preview"]));
    mustSucceed(await story.stack.run(["preview", "--expect-no-changes"]));
  });
});
