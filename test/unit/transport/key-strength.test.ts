import { afterEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, type SessionOptions, sessionFor } from "../../../provider/transport/session.js";
import { fingerprint, parsePublicHostKey } from "../../../provider/transport/trust/known-hosts.js";
import { type KeyPair, makeKeyPair } from "../../ssh-keys.js";
import { SshFixture } from "./ssh-fixture.js";

const script = { name: "try-thing", text: "echo hello" };
const print = (text: string) => {
  const key = parsePublicHostKey(text);
  return key === undefined ? "" : `${key.type} ${fingerprint(key)}`;
};
const started: SshFixture[] = [];
const fixture = async (keys?: readonly KeyPair[], set: (made: SshFixture) => void = () => {}) => {
  const made = new SshFixture(keys);
  set(made);
  await made.start();
  started.push(made);
  return made;
};
const run = (connection: Connection, options?: SessionOptions) =>
  sessionFor(connection, options).exec({ script });
const failure = async (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );

afterEach(async () => {
  await closeAllSessions();
  for (const made of started.splice(0)) await made.stop();
});

describe("a key that can be broken", () => {
  it("is refused as host key, pinned or new", async () => {
    const weak = makeKeyPair({ rsaBits: 1024 });
    const other = await fixture([weak]);
    const message = [
      `VGPU_HOST_KEY root@127.0.0.1:${other.port}: the machine's host key is too weak`,
      `Saw: ${print(weak.public)}, RSA of 1024 bits (SSH handshake)`,
      "Expected: an ed25519 or ECDSA key, or RSA of at least 2048 bits",
      "Next: make a new host key on the machine (ssh-keygen -A makes those that are missing), and let connection.hostKey or known_hosts name that one",
    ].join("\n");
    expect(await failure(run(other.connection()))).toBe(message);
    const { hostKey: _, ...unpinned } = other.connection({ acceptNew: true });
    expect(await failure(run(unpinned, { acceptNewHostKey: true }))).toBe(message);
    expect(other.logins).toEqual([]);
  });

  it("is not tried as a user's key, and named", async () => {
    const machine = await fixture();
    (machine as { userKey: KeyPair }).userKey = makeKeyPair({ rsaBits: 2047 });
    expect(await failure(run(machine.connection()))).toContain(
      "Saw: nothing to log in with; not tried: connection.privateKey (is an RSA key of 2047 bits, 2048 are the least)",
    );
    expect(machine.logins).toEqual([]);
  });
});

describe("SHA-1", () => {
  const rsa = makeKeyPair({ rsaBits: 2048 });

  it("signs nothing: an RSA host key proves itself by SHA-2 or not at all", async () => {
    const modern = await fixture([rsa]);
    expect((await run(modern.connection())).stdout).toBe("hello\n");
    const old = await fixture([rsa], (made) => {
      made.algorithms = { serverHostKey: ["ssh-rsa"] };
    });
    expect(await failure(run(old.connection(), { deadlineMs: 300 }))).toContain(
      "no matching host key format",
    );
  });

  it("keeps no connection whole", async () => {
    const old = await fixture(undefined, (made) => {
      made.algorithms = { hmac: ["hmac-sha1", "hmac-sha1-etm@openssh.com"], cipher: ["aes256-ctr"] };
    });
    expect(await failure(run(old.connection(), { deadlineMs: 300 }))).toContain("no matching C->S MAC");
  });

  it("agrees no keys", async () => {
    const old = await fixture(undefined, (made) => {
      made.algorithms = { kex: ["diffie-hellman-group14-sha1"] };
    });
    expect(await failure(run(old.connection(), { deadlineMs: 300 }))).toContain(
      "no matching key exchange algorithm",
    );
  });

  it.each([true, false])("logs nobody in, whether the server names signatures (%s) or not", async (names) => {
    const server = await fixture(undefined, (made) => {
      made.namesNoSignatures = !names;
    });
    (server as { userKey: KeyPair }).userKey = rsa;
    expect((await run(server.connection())).stdout).toBe("hello\n");
    expect(server.signatures).toEqual(["sha256"]);
  });
});
