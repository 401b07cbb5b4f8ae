import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import {
  closeAllSessions,
  type Session,
  type SessionOptions,
  sessionFor,
} from "../../../provider/transport/session.js";
import { rememberAccepted } from "../../../provider/transport/trust/accepted-keys.js";
import { fingerprint, parsePublicHostKey } from "../../../provider/transport/trust/known-hosts.js";
import { type KeyPair, makeKeyPair } from "../../ssh-keys.js";
import { SshFixture } from "./ssh-fixture.js";

const script = { name: "try-thing", text: "echo hello" };
const print = (text: string) => {
  const key = parsePublicHostKey(text);
  return key === undefined ? "" : `${key.type} ${fingerprint(key)}`;
};

let home: string;
let machine: SshFixture;
const started: SshFixture[] = [];
const homeBefore = process.env.HOME;

const ssh = (name: string, text: string | Buffer) => writeFileSync(join(home, ".ssh", name), text);
const fixture = async (keys?: readonly KeyPair[]) => {
  const made = new SshFixture(keys);
  await made.start();
  started.push(made);
  return made;
};
const unpinned = (of: SshFixture, more: Partial<Connection> = {}): Connection => {
  const { hostKey: _, ...rest } = of.connection(more);
  return rest;
};
const accepting = (of: SshFixture, more: Partial<Connection> = {}): Session =>
  sessionFor(unpinned(of, { acceptNew: true, ...more }), { acceptNewHostKey: true });
const run = (connection: Connection, options?: SessionOptions) =>
  sessionFor(connection, options).exec({ script });
const failure = async (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );
/** Puts another machine, with another key, at the same address. */
const replaceMachine = async (keys?: readonly KeyPair[]) => {
  const { port } = machine;
  await machine.powerOff();
  const other = new SshFixture(keys);
  (other as { userKey: KeyPair }).userKey = machine.userKey;
  await other.start(port);
  started.push(other);
  return other;
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
  mkdirSync(join(home, ".ssh"));
  process.env.HOME = home;
  machine = await fixture();
});
afterEach(async () => {
  await closeAllSessions();
  for (const made of started.splice(0)) await made.stop();
  rmSync(home, { recursive: true });
  process.env.HOME = homeBefore;
});

describe("a key that acceptNew accepted", () => {
  it("is the key for the whole run: the next dial accepts no other", async () => {
    const first = accepting(machine);
    await first.exec({ script });
    await first.close();
    const other = await replaceMachine();
    expect(await failure(accepting(machine).exec({ script }))).toBe(
      [
        `VGPU_HOST_KEY root@127.0.0.1:${machine.port}: the machine shows another host key than the trusted one`,
        `Saw: ${print(other.hostKey.public)} (SSH handshake)`,
        `Expected: ${print(machine.hostKey.public)} (accepted earlier in this run)`,
        "Next: if the machine was reinstalled, check the new key on its console (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and set connection.hostKey to it; if not, somebody may sit in between",
      ].join("\n"),
    );
  });

  it("is the key for every user of the machine", async () => {
    await accepting(machine).exec({ script });
    await replaceMachine();
    expect(await failure(accepting(machine, { user: "admin" }).exec({ script }))).toContain(
      "(accepted earlier in this run)",
    );
  });

  it("is trusted in that run by a connection that may accept none", async () => {
    const first = accepting(machine);
    await first.exec({ script });
    await first.close();
    expect((await run(unpinned(machine))).stdout).toBe("hello\n");
    expect(machine.connections).toBe(2);
  });

  it("and was stored is the only one that is trusted later", async () => {
    const session = accepting(machine);
    await session.exec({ script });
    const stored = session.hostKeyToStore() ?? "";
    expect(stored).toBe(`${machine.hostKey.public} 127.0.0.1:${machine.port}`);
    await closeAllSessions();
    rememberAccepted(unpinned(machine), stored);
    expect((await run(unpinned(machine))).stdout).toBe("hello\n");
    await closeAllSessions();
    await replaceMachine();
    rememberAccepted(unpinned(machine), stored);
    expect(await failure(accepting(machine).exec({ script }))).toContain(
      `Expected: ${print(machine.hostKey.public)} (accepted when the resource was created, and stored with it)`,
    );
  });

  it("and was stored is asked of a connection that is there already", async () => {
    await run(machine.connection());
    rememberAccepted(unpinned(machine), makeKeyPair().public);
    expect(await failure(run(unpinned(machine)))).toContain("VGPU_HOST_KEY");
    expect(machine.commands).toHaveLength(1);
  });

  it("counts for the way over which it was accepted, and for no other", async () => {
    const [one, other] = [await fixture(), await fixture()];
    for (const bastion of [one, other]) bastion.allowForward = true;
    const session = accepting(machine, { proxy: one.connection() });
    await session.exec({ script });
    const stored = session.hostKeyToStore() ?? "";
    expect(stored).toBe(`${machine.hostKey.public} 127.0.0.1:${machine.port} via 127.0.0.1:${one.port}`);
    const unknown = "the machine's host key is not known";
    expect(await failure(run(unpinned(machine)))).toContain(unknown);
    await closeAllSessions();
    for (const proxy of [undefined, other.connection()]) {
      const connection = unpinned(machine, proxy && { proxy });
      rememberAccepted(connection, stored);
      expect(await failure(run(connection))).toContain(unknown);
    }
    const sameWay = unpinned(machine, { proxy: one.connection() });
    rememberAccepted(sameWay, stored);
    expect((await run(sameWay)).stdout).toBe("hello\n");
  });

  it("and was stored by version 0.1.0, without its way, counts for the stored connection's", async () => {
    rememberAccepted(unpinned(machine), machine.hostKey.public);
    expect((await run(unpinned(machine))).stdout).toBe("hello\n");
  });
});

describe("a revoked host key", () => {
  const name = () => `[127.0.0.1]:${machine.port}`;
  const revoked = (source: string) =>
    [
      `VGPU_HOST_KEY root@127.0.0.1:${machine.port}: the machine shows a host key that is revoked`,
      `Saw: ${print(machine.hostKey.public)} (SSH handshake; ${source})`,
      "Expected: a host key that is not revoked",
      "Next: make a new host key on the machine, and let connection.hostKey or known_hosts name that one",
    ].join("\n");
  const everyTrust = (): [string, () => Promise<unknown>][] => [
    ["pinned", () => run(machine.connection())],
    [
      "stored",
      () => {
        rememberAccepted(unpinned(machine), machine.hostKey.public);
        return run(unpinned(machine));
      },
    ],
    [
      "listed",
      () => {
        ssh("known_hosts2", `${name()} ${machine.hostKey.public}\n`);
        return run(unpinned(machine));
      },
    ],
    ["new", () => accepting(machine).exec({ script })],
  ];

  it.each(["pinned", "stored", "listed", "new"])("is refused by @revoked though it is %s", async (trust) => {
    ssh("known_hosts", `@revoked * ${machine.hostKey.public}\n`);
    expect(await failure(new Map(everyTrust()).get(trust)?.() ?? Promise.resolve())).toBe(
      revoked("@revoked in known_hosts"),
    );
  });

  it.each(["pinned", "stored", "listed", "new"])(
    "is refused by RevokedHostKeys though it is %s",
    async (trust) => {
      ssh("revoked", `# compromised\n\n${makeKeyPair().public}\n${machine.hostKey.public} gpu-01\n`);
      ssh("config", "Host 127.*\n  RevokedHostKeys ~/.ssh/revoked\n");
      expect(await failure(new Map(everyTrust()).get(trust)?.() ?? Promise.resolve())).toBe(
        revoked(`RevokedHostKeys ${home}/.ssh/revoked`),
      );
    },
  );

  it("is refused to a connection whose own settings revoke it, where it shares one that is open", async () => {
    ssh("revoked", `${machine.hostKey.public}\n`);
    ssh("config", "Host gpu-01\n  HostName 127.0.0.1\n  RevokedHostKeys ~/.ssh/revoked\n");
    expect((await run(machine.connection())).stdout).toBe("hello\n");
    expect(await failure(run(machine.connection({ host: "gpu-01" })))).toBe(
      revoked(`RevokedHostKeys ${home}/.ssh/revoked`),
    );
    expect((await run(machine.connection())).stdout).toBe("hello\n");
    expect(machine.connections).toBe(1);
  });

  it("is another one than the machine's: nothing is refused", async () => {
    ssh("revoked", `${makeKeyPair().public}\n`);
    ssh("config", "RevokedHostKeys ~/.ssh/revoked\n");
    expect((await run(machine.connection())).stdout).toBe("hello\n");
    ssh("config", "RevokedHostKeys none\n");
    await closeAllSessions();
    expect((await run(machine.connection())).stdout).toBe("hello\n");
  });

  it.each([
    [
      "a list in OpenSSH's binary form",
      Buffer.from("SSHKRL\n\0\0\0\0\u0001"),
      "is a list in OpenSSH's binary form, which is not read here",
    ],
    ["a line that is no key", "ssh-ed25519 AAAA\n", "has no public key in line 1"],
    ["nothing that can be read", undefined, "cannot be read: ENOENT"],
  ])("may be in %s, so the machine is refused", async (_, content, why) => {
    if (content !== undefined) ssh("revoked", content);
    ssh("config", "RevokedHostKeys ~/.ssh/revoked\n");
    expect(await failure(run(machine.connection()))).toBe(
      [
        `VGPU_HOST_KEY root@127.0.0.1:${machine.port}: cannot tell whether the machine's host key is revoked`,
        `Saw: ${home}/.ssh/revoked ${why} (RevokedHostKeys of ~/.ssh/config)`,
        "Expected: a file that this user may read, of public keys, one a line",
        "Next: make the file readable, write the keys themselves into it, or take it out of ~/.ssh/config",
      ].join("\n"),
    );
    expect(machine.logins).toEqual([]);
  });

  it("may be in a known_hosts that cannot be read, so the machine is refused", async () => {
    mkdirSync(join(home, ".ssh/known_hosts"));
    expect(await failure(run(machine.connection()))).toContain(
      `Saw: ${home}/.ssh/known_hosts cannot be read: EISDIR (known_hosts)`,
    );
  });
});
