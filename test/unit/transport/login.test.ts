import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { OpenSshServer, roomPassword, sshdForTests } from "../../openssh-server.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { until } from "./ssh-fixture.js";

const sshd = sshdForTests();
const script = { name: "try-thing", text: "echo hello" };
const before = { HOME: process.env.HOME, SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK };

describe.skipIf(sshd === undefined)("a login on OpenSSH", () => {
  let home: string;
  let server: OpenSshServer;
  let agent: ChildProcess | undefined;
  const ssh = (name: string, text: string) => writeFileSync(join(home, ".ssh", name), text, { mode: 0o600 });
  const bare = (more: Partial<Connection> = {}): Connection => {
    const { privateKey: _, ...rest } = server.connection(more);
    return rest;
  };
  const run = async (connection: Connection): Promise<string> =>
    sessionFor(connection)
      .exec({ script })
      .then(
        ({ stdout }) => stdout,
        (error: Error) => error.message,
      );
  /** Starts an agent that has these private keys, in this order. */
  const startAgent = async (...keys: readonly string[]) => {
    const socket = join(home, "agent");
    agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await until(() => existsSync(socket));
    process.env.SSH_AUTH_SOCK = socket;
    for (const key of keys) {
      writeFileSync(join(home, "adding"), key, { mode: 0o600 });
      execFileSync("ssh-add", ["-q", join(home, "adding")], { stdio: "ignore" });
      rmSync(join(home, "adding"));
    }
    return socket;
  };
  const others = (count: number) => Array.from({ length: count }, () => makeKeyPair().private);
  const failures = () =>
    server.log().match(/^Failed publickey|^Connection closed by authenticating|^Disconnecting/gm);

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
    mkdirSync(join(home, ".ssh"));
    process.env.HOME = home;
    delete process.env.SSH_AUTH_SOCK;
    server = new OpenSshServer(sshd as NonNullable<typeof sshd>);
  });
  afterEach(async () => {
    await closeAllSessions();
    await server.stop();
    agent?.kill();
    agent = undefined;
    rmSync(home, { recursive: true });
    process.env.HOME = before.HOME;
    delete process.env.SSH_AUTH_SOCK;
    if (before.SSH_AUTH_SOCK !== undefined) process.env.SSH_AUTH_SOCK = before.SSH_AUTH_SOCK;
  });

  it.each(["a public key file", "a file that only has its public half beside it"])(
    "offers of an agent's nine keys the one that %s names, and no other under IdentitiesOnly",
    async (which) => {
      await startAgent(...others(8), server.userKey.private);
      ssh("gpu.pub", `${server.userKey.public} gpu\n`);
      const file = which === "a public key file" ? "gpu.pub" : "gpu";
      ssh("config", `Host *\n IdentityFile ~/.ssh/${file}\n IdentitiesOnly yes\n`);
      await server.start(["MaxAuthTries 2"]);
      expect(await run(bare())).toBe("hello\n");
      expect(failures()).toBeNull();
    },
  );

  it("offers what an IdentityFile names before the agent's other keys, also without IdentitiesOnly", async () => {
    await startAgent(...others(8), server.userKey.private);
    ssh("gpu.pub", `${server.userKey.public} gpu\n`);
    ssh("config", "Host *\n IdentityFile ~/.ssh/gpu.pub\n");
    await server.start(["MaxAuthTries 2"]);
    expect(await run(bare())).toBe("hello\n");
  });

  it("takes an encrypted key that the agent has from the agent", async () => {
    const key = makeKeyPair("ed25519", "pass phrase");
    const path = join(home, ".ssh/locked");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
    const open = execFileSync("cat", [path], { encoding: "utf8" });
    const half = execFileSync("cat", [`${path}.pub`], { encoding: "utf8" });
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "pass phrase", "-f", path]);
    rmSync(`${path}.pub`);
    await startAgent(...others(3), open);
    writeFileSync(server.path("authorized_keys"), half);
    await server.start(["MaxAuthTries 2"]);
    expect(await run(bare({ privateKeyPath: path }))).toBe("hello\n");
    expect(key.public).not.toBe("");
  });

  it("of which the agent does not have the named key says so, and lists a public key as no refused one", async () => {
    const socket = await startAgent(...others(1));
    ssh("gpu.pub", `${server.userKey.public} gpu\n`);
    ssh("config", "Host *\n IdentityFile ~/.ssh/gpu.pub\n IdentitiesOnly yes\n");
    await server.start();
    const text = await run(bare());
    expect(text).toContain(
      `Saw: nothing to log in with; not tried: IdentityFile of ~/.ssh/config ${home}/.ssh/gpu.pub (a public key, which no agent has the private one of); the machine takes publickey`,
    );
    expect(text).toContain("Next: name a key in connection.privateKeyPath or ~/.ssh/config");
    expect(socket).not.toBe("");
  });

  it("that ends for too many keys names IdentitiesOnly and not authorized_keys", async () => {
    await startAgent(...others(8), server.userKey.private);
    await server.start(["MaxAuthTries 3"]);
    const text = await run(bare());
    expect(text).toMatch(/^VGPU_LOGIN .*\nSaw: refused: agent .*, agent .*Too many authentication failures/);
    expect(text).toContain(
      "\nNext: name the one key: IdentityFile and IdentitiesOnly in ~/.ssh/config, or connection.privateKeyPath; the machine hangs up after some that it does not take",
    );
  });

  it.each(["a key file", "an agent"])(
    "whose key of %s is accepted and that takes a password besides says which is wanted",
    async (from) => {
      if (!server.isRoom) return;
      await server.start(["AuthenticationMethods publickey,password"]);
      if (from === "an agent") await startAgent(server.userKey.private, ...others(2));
      const connection = from === "an agent" ? bare() : server.connection();
      const text = await run(connection);
      expect(text).toMatch(
        /^VGPU_LOGIN .*: cannot log in as root\nSaw: accepted: [^;]*; besides, the machine wants password \(SSH user authentication\)\nExpected: a key or password that logs in as root\nNext: set connection\.password if that is what it asks for, or let this account log in with one factor \(AuthenticationMethods in the machine's sshd_config\): nobody is there to be asked$/,
      );
      expect(await run({ ...connection, password: roomPassword })).toBe("hello\n");
    },
  );

  const certify = async () => {
    const path = join(home, ".ssh/id_ed25519");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", server.path("ca")]);
    execFileSync("ssh-keygen", ["-q", "-s", server.path("ca"), "-I", "me", "-n", server.user, `${path}.pub`]);
    writeFileSync(server.path("authorized_keys"), "");
    await server.start([`TrustedUserCAKeys ${server.path("ca.pub")}`]);
    return path;
  };

  it("for which there is a certificate goes by the user's own ssh, and says so once", async () => {
    const path = await certify();
    expect(await run(bare())).toBe("hello\n");
    const session = sessionFor(bare());
    expect(session.transport().name).toBe("openssh");
    expect(session.takeWayNotes()).toEqual([
      `is reached by your own ssh, for the certificate ${path}-cert.pub`,
    ]);
    expect(session.takeWayNotes()).toEqual([]);
  });

  it("for which the configuration names a certificate goes by the user's own ssh from the beginning", async () => {
    const path = await certify();
    mkdirSync(join(home, "elsewhere"));
    renameSync(`${path}-cert.pub`, join(home, "elsewhere/mine"));
    ssh("config", `Host *\n  CertificateFile ${home}/elsewhere/mine\n`);
    expect(await run(bare())).toBe("hello\n");
    expect(sessionFor(bare()).takeWayNotes()).toEqual([
      "is reached by your own ssh, for CertificateFile of ~/.ssh/config",
    ]);
    expect(failures()).toBeNull();
  });

  it.each(["builtin", "openssh"] as const)(
    "takes the key of an agent, by the way of %s",
    async (transport) => {
      await server.start();
      const socket = await startAgent(...others(1), server.userKey.private);
      expect(await run(bare({ transport }))).toBe("hello\n");
      delete process.env.SSH_AUTH_SOCK;
      await closeAllSessions();
      expect(await run(bare({ transport, agentSocketPath: socket }))).toBe("hello\n");
      await closeAllSessions();
      expect(await run(bare({ transport }))).toMatch(/^VGPU_LOGIN /);
    },
  );

  it("for which the configuration names a ProxyCommand goes through it, by either way", async () => {
    await server.start();
    const relay = join(home, "relay.mjs");
    writeFileSync(
      relay,
      `import { connect } from "node:net";
      import { appendFileSync } from "node:fs";
      appendFileSync(${JSON.stringify(join(home, "asked"))}, process.argv.slice(2).join(" ") + "\\n");
      const socket = connect(${server.port}, "127.0.0.1");
      process.stdin.pipe(socket); socket.pipe(process.stdout);`,
    );
    ssh("mine", server.userKey.private);
    ssh(
      "config",
      `Host behind\n  HostName far.invalid\n  ProxyCommand ${process.execPath} ${relay} %h %p %r\n`,
    );
    for (const transport of ["builtin", "openssh"] as const) {
      const connection = bare({ host: "behind", port: 2222, privateKeyPath: "~/.ssh/mine", transport });
      expect(await run(connection), transport).toBe("hello\n");
      await closeAllSessions();
    }
    expect(readFileSync(join(home, "asked"), "utf8")).toBe(`far.invalid 2222 ${server.user}\n`.repeat(2));
  });

  it("for which there is a certificate names it where the program wants the built-in way, and not authorized_keys", async () => {
    const path = await certify();
    const text = await run(bare({ transport: "builtin" }));
    expect(text).toContain(`there is the certificate ${path}-cert.pub, which only OpenSSH can use`);
    expect(text).not.toContain("authorized_keys");
  });
});
