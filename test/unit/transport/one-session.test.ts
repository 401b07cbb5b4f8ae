import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runJob } from "../../../provider/transport/job.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

describe("a server that opens few sessions a connection", () => {
  let machine: SshFixture;
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });
  const script = (text: string) => ({ name: "try-thing", text });

  it.each([
    [1, 2],
    [2, 1],
  ])("is worked on under the lock with %i, over %i connections", async (maxSessions, connections) => {
    machine.maxSessions = maxSessions;
    const session = sessionFor(machine.connection());
    const local = join(machine.root, "local");
    writeFileSync(local, "a package");
    const sha256 = createHash("sha256").update("a package").digest("hex");
    const remotePath = join(machine.root, "far/away/file");
    const answers = await withLock(session, "stack dev", async () => {
      await session.upload({ path: local, remotePath, sha256 });
      const job = await runJob(session, { id: "work", script: script("echo worked"), deadlineMs: 20_000 });
      const change = await session.change({ script: script("cat"), stdin: "changed" });
      const looks = await Promise.all([1, 2, 3].map(() => session.exec({ script: script("echo seen") })));
      return [job.output, change.stdout, ...looks.map(({ stdout }) => stdout)];
    });
    expect(answers).toEqual(["worked\n", "changed", "seen\n", "seen\n", "seen\n"]);
    expect(readFileSync(remotePath, "utf8")).toBe("a package");
    expect(session.counters().connections).toBe(connections);
  });

  it("is refused where it opens none, and MaxSessions is named", async () => {
    machine.maxSessions = 0;
    const error = await sessionFor(machine.connection())
      .exec({ script: script("true") })
      .catch((reason: Error) => reason);
    expect((error as Error).message).toBe(
      [
        `VGPU_ACCOUNT root@127.0.0.1:${machine.port}: root logs in, and sshd opens no session`,
        "Saw: each request for a session is refused (SSH)",
        "Expected: at least one session on a connection",
        "Next: look at MaxSessions in /etc/ssh/sshd_config on the machine, for this account, too (Match): 0 allows none",
        "Now: try-thing did not begin",
      ].join("\n"),
    );
  });
});
