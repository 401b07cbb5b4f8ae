import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "../../../provider/transport/lock.js";
import {
  closeAllSessions,
  type ExecRequest,
  type SessionOptions,
  sessionFor,
} from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

let machine: SshFixture;
const run = (text: string, more: Partial<ExecRequest> = {}, options: SessionOptions = {}) =>
  sessionFor(machine.connection(), options).exec({ script: { name: "try-thing", text }, ...more });
const failure = async (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );

beforeEach(async () => {
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
});

describe("a machine that opens no channel", () => {
  it.each(["channel", "command"] as const)(
    "is given up at the deadline of the command (%s)",
    async (what) => {
      machine.unanswered = what;
      expect(await failure(run("echo hello", { deadlineMs: 300 }))).toBe(
        [
          `VGPU_TIMEOUT root@127.0.0.1:${machine.port}: try-thing did not start within 0.3 s`,
          "Saw: the machine is connected and does not answer the request for a channel (SSH)",
          "Expected: a channel for the command",
          "Next: look at the machine's load and at its sshd, then run again",
          "Now: try-thing may or may not have run",
        ].join("\n"),
      );
      machine.unanswered = undefined;
      expect((await run("echo hello")).stdout).toBe("hello\n");
      expect(machine.connections).toBe(1);
    },
  );

  it("has its late channel closed", async () => {
    machine.unanswered = "channel";
    await failure(run("echo hello", { deadlineMs: 300 }));
    await until(() => machine.pendingChannels.length === 1);
    machine.pendingChannels[0]?.();
    expect(machine.openChannels).toBe(1);
    await until(() => machine.openChannels === 0);
  });

  it("is given up as a bastion at the deadline of the dial", async () => {
    const bastion = new SshFixture();
    await bastion.start();
    bastion.unanswered = "forward";
    const session = sessionFor(machine.connection({ proxy: bastion.connection() }), { deadlineMs: 700 });
    const began = performance.now();
    const message = await failure(session.exec({ script: { name: "try-thing", text: "echo hello" } }));
    expect(message).toMatch(/^VGPU_UNREACHABLE .*\nSaw: no way through the bastion within \d+ ms/);
    expect(performance.now() - began).toBeLessThan(5_000);
    await bastion.stop();
  });
});

describe("a command for which all channels of its machine are taken", () => {
  it("waits for one as long as it may take itself, and nobody waits behind it", async () => {
    const others = Array.from({ length: 8 }, () => run("read -r _; echo end", {}, {}));
    const held = Array.from({ length: 7 }, () => run("sleep 3"));
    await Promise.all(others);
    const extra = run("sleep 3");
    await until(() => machine.openChannels === 8);
    expect(await failure(run("echo hello", { deadlineMs: 200 }))).toBe(
      [
        `VGPU_TIMEOUT root@127.0.0.1:${machine.port}: try-thing did not start within 0.2 s`,
        "Saw: other commands of this run have all the channels of this machine (SSH)",
        "Expected: a channel for the command",
        "Next: look at the machine's load and at its sshd, then run again",
        "Now: try-thing was not started",
      ].join("\n"),
    );
    expect(machine.commands.filter((command) => command.includes("echo hello"))).toEqual([]);
    expect((await run("echo later")).stdout).toBe("later\n");
    await Promise.all([...held, extra]);
  });
});

describe("a machine that prints without end", () => {
  it("is an error of its own, while another machine goes on", async () => {
    const other = new SshFixture();
    await other.start();
    const flooded = failure(run("exec yes"));
    const script = { name: "other-thing", text: "echo fine" };
    expect((await sessionFor(other.connection()).exec({ script })).stdout).toBe("fine\n");
    const begin = JSON.stringify("y\n".repeat(40)).replaceAll("\\", "\\");
    expect(await flooded).toBe(
      [
        `VGPU_PROTOCOL root@127.0.0.1:${machine.port}: try-thing prints more than can be taken in`,
        `Saw: more than 16 MiB, which begin with ${begin} (standard output)`,
        "Expected: at most 16 MiB",
        "Next: look on the machine for what prints so much: its login shell, or a tool that the command asks; then run again",
        "Now: try-thing may still be running on the machine",
      ].join("\n"),
    );
    await until(() => machine.openChannels === 0);
    expect((await run("echo hello")).stdout).toBe("hello\n");
    expect(machine.connections).toBe(1);
    await other.stop();
  });

  it("is hung up on when it does not close the channel", async () => {
    machine.deafToClose = true;
    expect(await failure(run("exec yes"))).toContain("VGPU_PROTOCOL");
    await until(() => machine.connected === 0, 15_000);
    machine.deafToClose = false;
    expect((await run("echo hello")).stdout).toBe("hello\n");
    expect(machine.connections).toBe(2);
  });

  it("fills no memory where only the ends of an output are asked for", async () => {
    const text =
      "head -c 500000 /dev/zero | tr '\\0' x; echo last; head -c 300000 /dev/zero | tr '\\0' e >&2";
    const { stdout, stderr } = await run(text, { output: "ends" });
    expect(stdout).toMatch(/^x{16384}\n\[418085 bytes left out\]\nx{65531}last\n$/);
    expect(stderr).toMatch(/^e{16384}\n\[218080 bytes left out\]\ne{65536}$/);
    expect(await failure(run("exec yes", { output: "ends" }))).toContain("more than 64 MiB");
  });
});

describe("an upload", () => {
  const folder = mkdtempSync(join(tmpdir(), "vgpu-upload-"));
  const path = join(folder, "driver.run");
  const content = Buffer.alloc(8 * 2 ** 20, "x");
  const sha256 = createHash("sha256").update(content).digest("hex");
  const upload = () => {
    const session = sessionFor(machine.connection());
    const remotePath = join(machine.root, "there.run");
    return failure(
      withLock(session, "this test", () => session.upload({ path, remotePath, sha256, stallMs: 400 })),
    );
  };
  const told = (saw: string) =>
    [
      `VGPU_TIMEOUT root@127.0.0.1:${machine.port}: cannot upload ${path}`,
      `Saw: ${saw}`,
      "Expected: a machine that takes the file",
      "Next: look at the network and at the machine's disk, then run again",
      `Now: ${machine.root}/there.run.part may exist`,
    ].join("\n");
  beforeEach(() => writeFileSync(path, content));
  afterEach(() => rmSync(path));

  it("that stalls is given up", async () => {
    machine.standIn("cat", "#!/bin/sh\nexec sleep 60");
    const message = await upload();
    const bytes = /after (\d+) of/.exec(message)?.[1];
    expect(message).toBe(
      told(`no byte of it moved for 0.4 s, after ${bytes} of 8388608 bytes (SSH channel)`),
    );
    expect(Number(bytes)).toBeLessThan(content.length);
  });

  it("that is not answered after the file is given up", async () => {
    machine.standIn("sha256sum", "#!/bin/sh\nexec sleep 60");
    expect(await upload()).toBe(told("all of it was sent, no answer within 2.1 s (receive-file)"));
  });

  it("that is not answered before the file is given up", async () => {
    machine.standIn("sha256sum", "#!/bin/sh\nexec sleep 60");
    writeFileSync(join(machine.root, "there.run"), "another");
    expect(await upload()).toBe(told("no answer within 2.1 s to whether it is there (receive-file)"));
  });
});

describe("a machine that is waited for", () => {
  it("is told of while it does not answer, with what the last dial met", async () => {
    const { port } = machine;
    await machine.powerOff();
    const waits: [number, string][] = [];
    const answer = run("echo hello", {}, { deadlineMs: 20_000, onWait: (...wait) => waits.push(wait) });
    await until(() => waits.length >= 2);
    await machine.start(port);
    expect((await answer).stdout).toBe("hello\n");
    expect(waits.map(([, last]) => last)).toEqual(waits.map(() => `connect ECONNREFUSED 127.0.0.1:${port}`));
    expect(waits[1]?.[0]).toBeGreaterThan(waits[0]?.[0] ?? 0);
  });
});
