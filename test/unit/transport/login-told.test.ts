import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { OpenSshServer, roomPassword, sshdForTests } from "../../openssh-server.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { until } from "./ssh-fixture.js";

const sshd = sshdForTests();
const before = { HOME: process.env.HOME, agent: process.env.SSH_AUTH_SOCK };
const ways = ["builtin", "openssh"] as const;

describe.skipIf(sshd === undefined)("a login on OpenSSH that is not enough", () => {
  let home: string;
  let server: OpenSshServer;
  let agent: ChildProcess | undefined;
  const others: OpenSshServer[] = [];
  const ssh = (name: string, text: string) => writeFileSync(join(home, ".ssh", name), text, { mode: 0o600 });
  const bare = (more: Partial<Connection> = {}): Connection => {
    const { privateKey: _, ...rest } = server.connection(more);
    return rest;
  };
  const run = async (connection: Connection): Promise<string> =>
    sessionFor(connection)
      .exec({ script: { name: "try-thing", text: "echo hello" } })
      .then(
        ({ stdout }) => stdout,
        (error: Error) => error.message.replaceAll(String(server.port), "22"),
      );
  const next = async (connection: Connection) => /^Next: (.*)$/m.exec(await run(connection))?.[1];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
    mkdirSync(join(home, ".ssh"));
    process.env.HOME = home;
    delete process.env.SSH_AUTH_SOCK;
    server = new OpenSshServer(sshd as NonNullable<typeof sshd>);
    ssh("mine", server.userKey.private);
  });
  afterEach(async () => {
    await closeAllSessions();
    for (const one of [server, ...others.splice(0)]) await one.stop();
    agent?.kill();
    agent = undefined;
    rmSync(home, { recursive: true });
    process.env.HOME = before.HOME;
    delete process.env.SSH_AUTH_SOCK;
    if (before.agent !== undefined) process.env.SSH_AUTH_SOCK = before.agent;
  });

  it("is told at once where a question follows the key, and nobody has the answer", async () => {
    if (!server.isRoom) return;
    await server.start([
      "AuthenticationMethods publickey,keyboard-interactive",
      "UsePAM yes",
      "KbdInteractiveAuthentication yes",
    ]);
    const connection = bare({ privateKeyPath: "~/.ssh/mine" });
    expect(await run(connection)).toContain(
      '\nSaw: accepted: connection.privateKeyPath ~/.ssh/mine; besides, the machine wants keyboard-interactive; it asks: "Password:" (SSH user authentication)\n',
    );
    await closeAllSessions();
    expect(await run({ ...connection, password: roomPassword })).toBe("hello\n");
  });

  it.each(ways)("takes a second key, and names one where only that is missing: %s", async (transport) => {
    const second = makeKeyPair();
    writeFileSync(server.path("authorized_keys"), `${server.userKey.public}\n${second.public}\n`);
    await server.start(["AuthenticationMethods publickey,publickey"]);
    expect(await next(bare({ privateKeyPath: "~/.ssh/mine", transport }))).toBe(
      "name another key besides (IdentityFile in ~/.ssh/config, or an agent), or let this account log in with one factor (AuthenticationMethods in the machine's sshd_config)",
    );
    await closeAllSessions();
    ssh("second", second.private);
    // OpenSSH would take ~ for the account's home folder; ours is HOME.
    ssh("config", "Host *\n IdentityFile ~/.ssh/mine\n IdentityFile ~/.ssh/second\n");
    expect(await run(bare({ transport }))).toBe("hello\n");
  });

  it("that begins with a password says so, and asks for no other key", async () => {
    await server.start(["AuthenticationMethods password,publickey"]);
    expect(await next(bare({ privateKeyPath: "~/.ssh/mine" }))).toBe(
      "set connection.password: the machine takes no key to begin with (AuthenticationMethods, PubkeyAuthentication in its sshd_config)",
    );
  });

  it("since the agent does not sign is told as that, and not as a key that is refused", async () => {
    await server.start();
    const socket = join(home, "agent");
    agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await until(() => existsSync(socket));
    process.env.SSH_AUTH_SOCK = socket;
    // Each use is to be confirmed, and nobody is there to do it.
    execFileSync("ssh-add", ["-q", "-c", join(home, ".ssh/mine")], { stdio: "ignore" });
    const text = await run(bare());
    expect(text).toMatch(
      /\nSaw: nothing to log in with; not tried: agent .* \(the agent does not sign with it: /,
    );
    expect(text).toContain(
      "\nNext: unlock the agent, or confirm what it asks, on the machine that runs Pulumi; or let connection name a key in a file",
    );
  });

  it("since others may read the key's file is told with the mode that OpenSSH wants", async () => {
    await server.start();
    chmodSync(join(home, ".ssh/mine"), 0o644);
    const text = await run(bare({ privateKeyPath: "~/.ssh/mine", transport: "openssh" }));
    expect(text).toContain(`not tried: ${home}/.ssh/mine (bad permissions)`);
    expect(text).toContain(
      "\nNext: let nobody but its owner read the key's file (chmod 600): OpenSSH uses no other",
    );
  });

  it.each(ways)(
    "to a bastion's ssh is told by its own words, not as the machine's: %s",
    async (transport) => {
      await server.start();
      ssh(
        "config",
        "Host target\n ProxyCommand sh -c 'echo me@bastion: Permission denied \\(publickey\\). >&2; exit 255'\n",
      );
      const connection = {
        ...bare({ host: "target", privateKeyPath: "~/.ssh/mine", transport }),
        perDialTimeout: 1,
      };
      const session = sessionFor(connection, { deadlineMs: 1_000 });
      const error = await session
        .exec({ script: { name: "try-thing", text: "true" } })
        .catch((reason) => reason);
      const text = String(error.message);
      expect(text).toMatch(/^VGPU_UNREACHABLE .*\nSaw: .*me@bastion: Permission denied \(publickey\)\./);
      expect(text).toContain(`"ssh -p ${server.port} ${server.user}@target" connects from here`);
    },
  );

  it("that only the user's own ssh can make is to be tried by the name that its configuration knows", async () => {
    ssh("config", "Host target\n HostName 127.0.0.1\n BindAddress 127.0.0.1\n");
    const connection = { host: "target", port: 1, privateKeyPath: "~/.ssh/mine" };
    const error = await sessionFor(connection, { deadlineMs: 1_000 })
      .exec({ script: { name: "try-thing", text: "true" } })
      .catch((reason) => reason);
    expect(String(error.message)).toContain('"ssh -p 1 root@target" connects from here');
  });

  it("goes over a bastion that only the user's own ssh reaches, and says so", async () => {
    const bastion = new OpenSshServer(sshd as NonNullable<typeof sshd>);
    others.push(bastion);
    await server.start();
    await bastion.start();
    ssh("theirs", bastion.userKey.private);
    ssh("known_hosts", `[127.0.0.1]:${bastion.port} ${bastion.hostKey}\n`);
    ssh(
      "config",
      `Host bastion\n HostName 127.0.0.1\n Port ${bastion.port}\n User ${bastion.user}\n IdentityFile ~/.ssh/theirs\n BindAddress 127.0.0.1\nHost 127.0.0.1\n ProxyJump bastion\n`,
    );
    const connection = bare({ privateKeyPath: "~/.ssh/mine" });
    expect(await run(connection)).toBe("hello\n");
    expect(sessionFor(connection).takeWayNotes()).toEqual([
      "is reached by your own ssh, for BindAddress of ~/.ssh/config",
    ]);
  });

  it("by a certificate in HOME is one all the same, by the user's own ssh", async () => {
    const key = join(home, ".ssh/mine");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", server.path("ca")]);
    ssh("mine.pub", `${server.userKey.public}\n`);
    execFileSync("ssh-keygen", ["-q", "-s", server.path("ca"), "-I", "me", "-n", server.user, `${key}.pub`]);
    writeFileSync(server.path("authorized_keys"), "");
    await server.start([`TrustedUserCAKeys ${server.path("ca.pub")}`]);
    renameSync(`${key}-cert.pub`, join(home, "mine-cert"));
    ssh("config", "Host *\n IdentityFile ~/.ssh/mine\n CertificateFile ~/mine-cert\n");
    expect(await run(bare())).toBe("hello\n");
  });
});
