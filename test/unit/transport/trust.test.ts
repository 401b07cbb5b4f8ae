import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, type SessionOptions, sessionFor } from "../../../provider/transport/session.js";
import { fingerprint, parsePublicHostKey } from "../../../provider/transport/trust/known-hosts.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { fidoKey } from "./fido-key.js";
import { SshFixture, until } from "./ssh-fixture.js";

const script = { name: "try-thing", text: "echo hello" };
const print = (text: string) => {
  const key = parsePublicHostKey(text);
  return key === undefined ? "" : `${key.type} ${fingerprint(key)}`;
};

let home: string;
let machine: SshFixture;
const homeBefore = process.env.HOME;
const agentBefore = process.env.SSH_AUTH_SOCK;

const ssh = (name: string, text: string) => writeFileSync(join(home, ".ssh", name), text);
const unpinned = (more: Partial<Connection> = {}): Connection => {
  const { hostKey: _, ...rest } = machine.connection(more);
  return rest;
};
const run = (connection: Connection, options?: SessionOptions) =>
  sessionFor(connection, options).exec({ script });
const failure = async (connection: Connection, options?: SessionOptions): Promise<Error> =>
  run(connection, options).then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
  mkdirSync(join(home, ".ssh"));
  process.env.HOME = home;
  delete process.env.SSH_AUTH_SOCK;
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
  rmSync(home, { recursive: true });
  process.env.HOME = homeBefore;
  if (agentBefore !== undefined) process.env.SSH_AUTH_SOCK = agentBefore;
});

describe("the host key", () => {
  it("is refused when nobody knows it, with the line to add", async () => {
    const error = await failure(unpinned());
    const name = `[127.0.0.1]:${machine.port}`;
    const files = ["known_hosts", "known_hosts2"].map((file) => join(home, ".ssh", file));
    expect(error.message).toBe(
      [
        `VGPU_HOST_KEY root@127.0.0.1:${machine.port}: the machine's host key is not known`,
        `Saw: ${print(machine.hostKey.public)} (SSH handshake), nothing for ${name} in ${files.join(", ")}, /etc/ssh/ssh_known_hosts, /etc/ssh/ssh_known_hosts2`,
        "Expected: a host key that is pinned in connection.hostKey or listed in known_hosts",
        `Next: check the fingerprint on the machine's console, then set connection.hostKey to "${machine.hostKey.public}" or add to known_hosts the line: ${name} ${machine.hostKey.public}`,
      ].join("\n"),
    );
    expect(machine.logins).toEqual([]);
  });

  it("is refused with what else vouches for keys and is not followed", async () => {
    ssh("known_hosts", `@cert-authority 127.0.0.* ${makeKeyPair().public}\n`);
    ssh("config", "Host *\n KnownHostsCommand /bin/echo %H\n VerifyHostKeyDNS yes\n");
    expect((await failure(unpinned())).message).toContain(
      "; not followed: @cert-authority in known_hosts, KnownHostsCommand of ~/.ssh/config, VerifyHostKeyDNS of ~/.ssh/config\nExpected: ",
    );
  });

  it("is refused when it is not the pinned one, with both fingerprints, before any login", async () => {
    const other = makeKeyPair().public;
    const error = await failure(machine.connection({ hostKey: other }));
    expect(error.message).toBe(
      [
        `VGPU_HOST_KEY root@127.0.0.1:${machine.port}: the machine shows another host key than the trusted one`,
        `Saw: ${print(machine.hostKey.public)} (SSH handshake)`,
        `Expected: ${print(other)} (connection.hostKey)`,
        "Next: if the machine was reinstalled, check the new key on its console (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and replace the old one in connection.hostKey; if not, somebody may sit in between",
      ].join("\n"),
    );
    expect(machine.logins).toEqual([]);
  });

  it("is refused over a connection that is already there when this one pins another", async () => {
    await run(machine.connection());
    const error = await failure(machine.connection({ hostKey: makeKeyPair().public }));
    expect(error.message).toContain("VGPU_HOST_KEY");
    expect(machine.commands).toHaveLength(1);
  });

  it("is taken from known_hosts", async () => {
    ssh("known_hosts", `[127.0.0.1]:${machine.port} ${machine.hostKey.public}\n`);
    expect((await run(unpinned())).stdout).toBe("hello\n");
  });

  it("is refused when known_hosts has another one, also under acceptNew", async () => {
    const other = makeKeyPair().public;
    ssh("known_hosts", `[127.0.0.1]:${machine.port} ${other}\n`);
    const error = await failure(unpinned({ acceptNew: true }), { acceptNewHostKey: true });
    expect(error.message).toContain(
      `Saw: ${print(machine.hostKey.public)} (SSH handshake)\nExpected: ${print(other)}`,
    );
  });

  it("is refused when it is revoked", async () => {
    const name = `[127.0.0.1]:${machine.port}`;
    ssh("known_hosts", `@revoked * ${machine.hostKey.public}\n${name} ${machine.hostKey.public}\n`);
    const error = await failure(unpinned());
    expect(error.message).toContain("shows a host key that is revoked");
  });

  it("is accepted when new only if both the connection and the caller say so, and is handed back", async () => {
    expect((await failure(unpinned({ acceptNew: true }))).message).toContain("is not known");
    expect((await failure(unpinned(), { acceptNewHostKey: true })).message).toContain("is not known");
    const session = sessionFor(unpinned({ acceptNew: true }), { acceptNewHostKey: true });
    await session.exec({ script });
    expect(session.hostKey()).toBe(machine.hostKey.public);
  });

  it("of a bastion is not accepted because the machine behind it says acceptNew", async () => {
    const bastion = new SshFixture();
    await bastion.start();
    bastion.allowForward = true;
    const { hostKey: _, ...proxy } = bastion.connection();
    const error = await failure(unpinned({ acceptNew: true, proxy }), { acceptNewHostKey: true });
    expect(error.message).toContain(
      `VGPU_HOST_KEY root@127.0.0.1:${bastion.port}: the machine's host key is not known`,
    );
    await bastion.stop();
  });

  it.each(["pinned", "known_hosts"])(
    "of another algorithm than the preferred is asked for (%s)",
    async (source) => {
      const ecdsa = makeKeyPair("ecdsa");
      const two = new SshFixture([makeKeyPair("ed25519"), ecdsa]);
      await two.start();
      ssh("known_hosts", source === "pinned" ? "" : `[127.0.0.1]:${two.port} ${ecdsa.public}\n`);
      const { hostKey: _, ...rest } = two.connection();
      const session = sessionFor(source === "pinned" ? { ...rest, hostKey: ecdsa.public } : rest);
      await session.exec({ script });
      expect(session.hostKey()).toBe(ecdsa.public);
      await closeAllSessions();
      await two.stop();
    },
  );

  it("that is pinned and is none is refused as an input, without showing a private key", async () => {
    const error = await failure(machine.connection({ hostKey: machine.hostKey.private }));
    expect(error.message).toContain("VGPU_INPUT");
    expect(error.message).toContain("Saw: a private key");
  });
});

describe("the login", () => {
  it("is refused with what was tried, once, and never with the key's text", async () => {
    const wrong = makeKeyPair();
    const error = await failure(
      machine.connection({ privateKey: wrong.private, privateKeyPath: "/nowhere/key" }),
    );
    expect(error.message).toBe(
      [
        `VGPU_LOGIN root@127.0.0.1:${machine.port}: cannot log in as root`,
        "Saw: refused: connection.privateKey; not tried: connection.privateKeyPath /nowhere/key (cannot be read: ENOENT); the machine takes publickey (SSH user authentication)",
        "Expected: a key or password that logs in as root",
        "Next: add the public key to ~root/.ssh/authorized_keys on the machine, or correct the key that connection names; if it comes from the stack's configuration and was changed since the last run, Pulumi's refresh still uses the old one: run `pulumi up --refresh=false` once",
      ].join("\n"),
    );
    expect(machine.logins).toEqual(["root publickey"]);
  });

  it("uses a key file, an environment variable, an IdentityFile or a default key", async () => {
    const base = unpinned({ hostKey: machine.hostKey.public });
    const { privateKey: _, ...bare } = { ...base, hostKey: machine.hostKey.public };
    ssh("mine", machine.userKey.private);
    process.env.VGPU_TEST_KEY = machine.userKey.private;
    for (const more of [{ privateKeyPath: "~/.ssh/mine" }, { privateKeyEnv: "VGPU_TEST_KEY" }]) {
      expect((await run({ ...bare, ...more })).stdout).toBe("hello\n");
      await closeAllSessions();
    }
    delete process.env.VGPU_TEST_KEY;
    ssh("config", "Host 127.0.0.1\n  IdentityFile ~/.ssh/mine\n");
    expect((await run(bare)).stdout).toBe("hello\n");
    await closeAllSessions();
    ssh("config", "");
    ssh("id_ed25519", machine.userKey.private);
    expect((await run(bare)).stdout).toBe("hello\n");
  });

  it.skipIf(spawnSync("ssh-agent", ["-h"]).error !== undefined)("uses the keys of an agent", async () => {
    const socket = join(home, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await until(() => existsSync(socket));
    writeFileSync(join(home, "key"), machine.userKey.private, { mode: 0o600 });
    spawnSync("ssh-add", [join(home, "key")], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const { privateKey: _, ...bare } = machine.connection();
    expect((await run({ ...bare, agentSocketPath: socket })).stdout).toBe("hello\n");
    await closeAllSessions();
    process.env.SSH_AUTH_SOCK = socket;
    expect((await run(bare)).stdout).toBe("hello\n");
    delete process.env.SSH_AUTH_SOCK;
    agent.kill();
  });

  it("uses a password where the machine takes one", async () => {
    machine.password = "open sesame";
    const { privateKey: _, ...bare } = machine.connection();
    expect((await run({ ...bare, password: "open sesame" })).stdout).toBe("hello\n");
    expect(machine.logins).toEqual(["root password"]);
    await closeAllSessions();
    const error = await failure({ ...bare, password: "shut sesame" });
    expect(error.message).toContain("refused: connection.password;");
    expect(error.message).not.toContain("shut sesame");
  });

  it("answers a second factor that asks nothing, though no password is declared", async () => {
    machine.secondFactor = [];
    expect((await run(machine.connection())).stdout).toBe("hello\n");
  });

  it("answers a second factor with the password, and tells what it asks where there is none", async () => {
    machine.secondFactor = ["Verification code: "];
    machine.password = "123456";
    expect((await run(machine.connection({ password: "123456" }))).stdout).toBe("hello\n");
    await closeAllSessions();
    const { message } = await failure(machine.connection());
    expect(message).toContain(
      'Saw: accepted: connection.privateKey; besides, the machine wants keyboard-interactive; it asks: "Verification code:" (SSH user authentication)',
    );
    expect(message).toContain(
      "Next: set connection.password if that is what it asks for, or let this account",
    );
  });

  it("names a FIDO key as that", async () => {
    ssh("sk", fidoKey());
    const { privateKey: _, ...bare } = machine.connection();
    const { message } = await failure({ ...bare, transport: "builtin", privateKeyPath: "~/.ssh/sk" });
    expect(message).toContain(`there is the FIDO key ${home}/.ssh/sk, which only OpenSSH can use`);
    expect(message).toContain(
      "not tried: connection.privateKeyPath ~/.ssh/sk (a FIDO key, which only OpenSSH can use)",
    );
    expect(message).not.toContain("authorized_keys");
  });

  it("says that an encrypted key needs its password, and uses it", async () => {
    const { private: key, public: open } = makeKeyPair("ed25519", "pass phrase");
    (machine as { userKey: object }).userKey = { private: key, public: open };
    const error = await failure(machine.connection());
    expect(error.message).toContain(
      "connection.privateKey (is encrypted: set connection.privateKeyPassword or use an agent)",
    );
    expect((await run(machine.connection({ privateKeyPassword: "pass phrase" }))).stdout).toBe("hello\n");
  });
});
