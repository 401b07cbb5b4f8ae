import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, type SessionOptions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

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
    expect(error.message).toMatch(
      /VGPU_UNREACHABLE .*\nSaw: connected, but without the first line of its SSH server within 0\.\d s \(one dial of /,
    );
    expect(Date.now() - began).toBeLessThan(3000);
    silent.close();
  });

  it("that is connected and late says in which stage, and how to wait for longer", async () => {
    const silent = createServer((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const connection = { host: "127.0.0.1", port, privateKey: machine.userKey.private, perDialTimeout: 0.3 };
    const { message } = await failure(connection, { deadlineMs: 300 });
    expect(message.replace(/\d\.\d s/g, "N s")).toBe(
      [
        `VGPU_UNREACHABLE root@127.0.0.1:${port}: no SSH connection after N s`,
        `Saw: connected, but without the end of the SSH key exchange within N s (one dial of 127.0.0.1:${port})`,
        `Expected: an SSH server at 127.0.0.1:${port}`,
        `Next: see how long "ssh -p ${port} root@127.0.0.1" takes from here, and set connection.perDialTimeout to more seconds than that; a server that looks up names in vain answers late (UseDNS, GSSAPI and PAM of its sshd)`,
      ].join("\n"),
    );
    silent.close();
  });

  it.each([
    { declared: {}, waits: 45_000 },
    { declared: { perDialTimeout: 20 }, waits: 20_000 },
  ])("that is connected has $waits ms for its first line with $declared", async ({ declared, waits }) => {
    const limits: number[] = [];
    const { setTimeout: start } = globalThis;
    const spy = vi.spyOn(globalThis, "setTimeout").mockImplementation(((work: () => void, ms?: number) => {
      limits.push(Math.round((ms ?? 0) / 1000) * 1000);
      return start(work, ms);
    }) as typeof setTimeout);
    // Connected, and silent until it is asked to go on.
    const { port } = machine;
    const late = createServer((socket) => {
      void until(() => limits.includes(waits)).then(() => {
        const real = connect(port, "127.0.0.1");
        socket.pipe(real).pipe(socket);
      });
    });
    await new Promise<void>((resolve) => late.listen(0, "127.0.0.1", resolve));
    const answer = await run(machine.connection({ port: (late.address() as AddressInfo).port, ...declared }));
    expect(answer.stdout).toBe("hello\n");
    spy.mockRestore();
    late.close();
  });

  it("is not dialed again and again when nobody knows its name", async () => {
    const error = await failure({ host: "no-such-machine.invalid" }, { deadlineMs: 60_000 });
    expect(error.message).toMatch(/VGPU_UNREACHABLE .*\nSaw: getaddrinfo .* \(one dial of/);
  });
});
