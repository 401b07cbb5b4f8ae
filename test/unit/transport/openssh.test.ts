import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { runJob } from "../../../provider/transport/job.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { makeKeyPair } from "../../ssh-keys.js";

const sshd = process.env.VGPU_TEST_SSHD ?? "/usr/sbin/sshd";
// It asks for a user of its own name, and becomes nobody else unless it is root.
const usable = existsSync(sshd) && process.getuid?.() === 0;

/** A real sshd with its default limits; /run of its sessions is a folder of its own. */
describe.skipIf(!usable)("a session on OpenSSH", () => {
  const root = mkdtempSync(join(tmpdir(), "vgpu-sshd-"));
  const userKey = makeKeyPair();
  let daemon: ChildProcess;
  let port: number;
  let hostKey: string;

  beforeAll(async () => {
    mkdirSync(join(root, "run/lock"), { recursive: true });
    mkdirSync("/run/sshd", { recursive: true });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(root, "host_key")]);
    hostKey = readFileSync(join(root, "host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    writeFileSync(join(root, "authorized_keys"), `${userKey.public}\n`);
    const within = `exec "$SHELL" -c "$(printf '%s' "$SSH_ORIGINAL_COMMAND" | sed 's#/run/#${root}/run/#g')"`;
    writeFileSync(join(root, "within"), `#!/bin/sh\n${within}\n`, { mode: 0o755 });
    port = await freePort();
    const config = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${root}/host_key`,
      `AuthorizedKeysFile ${root}/authorized_keys`,
      "StrictModes no",
      "PermitRootLogin yes",
      "PidFile none",
      `ForceCommand ${root}/within`,
    ];
    writeFileSync(join(root, "sshd_config"), `${config.join("\n")}\n`);
    daemon = spawn(sshd, ["-D", "-e", "-f", join(root, "sshd_config")], { stdio: "ignore" });
  });
  afterEach(() => closeAllSessions());
  afterAll(() => {
    daemon.kill();
    rmSync(root, { recursive: true });
  });

  const session = (more: Partial<Connection> = {}) =>
    sessionFor({ host: "127.0.0.1", port, hostKey, privateKey: userKey.private, ...more });
  const script = (text: string) => ({ name: "try-thing", text });

  it("passes arguments, input, outputs and exit code", async () => {
    const values = ["it's", "$(id)", "new\nline", "", "ü"];
    const text = `printf '%s|' "$@"; cat; echo err >&2; exit 3`;
    const result = await session().exec({ script: script(text), args: values, stdin: "in" });
    expect(result).toEqual({ code: 3, stdout: `${values.join("|")}|in`, stderr: "err\n" });
    expect(session().hostKey()).toBe(hostKey);
  });

  it("runs 30 commands at once over one connection within the server's limits", async () => {
    const run = (index: number) =>
      session().exec({ script: script('sleep 0.05; echo "$1"'), args: [String(index)] });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => run(index)));
    expect(answers.map(({ stdout }) => Number(stdout))).toEqual(answers.map((_, index) => index));
    expect(session().counters()).toEqual({ connections: 1, roundTrips: 30, maxChannels: 8 });
  });

  it("uploads a file and finds it there the second time", async () => {
    const content = randomBytes(5_000_000);
    writeFileSync(join(root, "local"), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const request = { path: join(root, "local"), remotePath: join(root, "far/away/file"), sha256 };
    await withLock(session(), "stack dev", () => session().upload(request));
    expect(readFileSync(request.remotePath).equals(content)).toBe(true);
    const sent: number[] = [];
    await withLock(session(), "stack dev", () =>
      session().upload({ ...request, onProgress: (done) => sent.push(done) }),
    );
    expect(sent).toEqual([]);
  });

  it("keeps another run out until the lock's holder is gone", async () => {
    const other = session({ host: "localhost" });
    const order: string[] = [];
    const first = withLock(session(), "first", async () => {
      void withLock(other, "second", async () => order.push("second")).then(() => order.push("end"));
      await session().exec({ script: script("sleep 0.3") });
      order.push("first");
    });
    await first;
    await withLock(other, "third", async () => order.push("third"));
    expect(order.slice(0, 2)).toEqual(["first", "second"]);
  });

  it("runs a job that outlives its connection", async () => {
    const text = `echo begun; until [ -e "$1/go" ] || [ ! -d "$1" ]; do sleep 0.02; done; echo ended`;
    const job = { id: "long", script: script(text), args: [root], deadlineMs: 20_000, pollMs: 1000 };
    let cut = false;
    const onPoll = (tail: string) => {
      if (cut || tail !== "begun\n") return;
      cut = true;
      void session()
        .close()
        .then(() => session({ host: "localhost" }).exec({ script: script('touch "$1/go"'), args: [root] }));
    };
    expect(await runJob(session(), { ...job, onPoll })).toEqual({ code: 0, output: "begun\nended\n" });
    expect(session().counters().connections).toBe(2);
  });

  it("reaches a machine through sshd as a bastion", async () => {
    const proxy = { host: "127.0.0.1", port, hostKey, privateKey: userKey.private };
    const inner = session({ host: "localhost", proxy });
    expect((await inner.exec({ script: script("echo inside") })).stdout).toBe("inside\n");
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
