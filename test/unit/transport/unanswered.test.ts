import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, type SessionOptions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

let machine: SshFixture;
const run = (connection: Connection, options?: SessionOptions) =>
  sessionFor(connection, options).exec({ script: { name: "try-thing", text: "echo hello" } });
const failure = async (connection: Connection, options?: SessionOptions): Promise<Error> =>
  run(connection, options).then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );

beforeEach(async () => {
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
});

describe("a machine that does not answer", () => {
  const refused = "connect ECONNREFUSED 127.0.0.1:1";

  it("is dialed until the deadline and named with the evidence", async () => {
    const error = await failure({ host: "127.0.0.1", port: 1 }, { deadlineMs: 1500 });
    expect(error.message.replace(/after [\d.]+ s/, "after N s").replace(/\d+ dials/, "N dials")).toBe(
      [
        "VGPU_UNREACHABLE root@127.0.0.1:1: no SSH connection after N s",
        `Saw: ${refused} (N dials of 127.0.0.1:1)`,
        "Expected: an SSH server at 127.0.0.1:1",
        'Next: check that the machine is up and that "ssh -p 1 root@127.0.0.1" connects from here',
      ].join("\n"),
    );
    expect(Number(/(\d+) dials/.exec(error.message)?.[1])).toBeGreaterThanOrEqual(3);
  });

  it("is reached when it comes up before the deadline", async () => {
    const { port } = machine;
    await machine.powerOff();
    const answer = run(machine.connection(), { deadlineMs: 10_000 });
    await new Promise((resolve) => setImmediate(resolve));
    await machine.start(port);
    expect((await answer).stdout).toBe("hello\n");
  });

  it("is given up at the deadline when it takes the connection and says nothing", async () => {
    const silent: Server = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const began = Date.now();
    const error = await failure(
      { host: "127.0.0.1", port, privateKey: machine.userKey.private },
      { deadlineMs: 700 },
    );
    expect(error.message).toMatch(/VGPU_UNREACHABLE .*\nSaw: the SSH handshake did not end within \d+ ms/);
    expect(Date.now() - began).toBeLessThan(3000);
    silent.close();
  });

  it("is not dialed again and again when nobody knows its name", async () => {
    const error = await failure({ host: "no-such-machine.invalid" }, { deadlineMs: 60_000 });
    expect(error.message).toMatch(/VGPU_UNREACHABLE .*\nSaw: getaddrinfo .* \(one dial of/);
  });
});
