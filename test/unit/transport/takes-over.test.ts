import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { forgetNewerOptions } from "../../../provider/transport/openssh/known-options.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { OpenSshServer, sshdForTests } from "../../openssh-server.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { until } from "./ssh-fixture.js";

const sshd = sshdForTests();
const before = { HOME: process.env.HOME, PATH: process.env.PATH, agent: process.env.SSH_AUTH_SOCK };
const openssh = (before.PATH ?? "").split(delimiter).find((folder) => existsSync(join(folder, "ssh")));

/** What the library cannot, and what OpenSSH does otherwise. */
describe.skipIf(sshd === undefined || openssh === undefined)("a login on OpenSSH", () => {
  let home: string;
  let server: OpenSshServer;
  let agent: ChildProcess | undefined;
  const ssh = (name: string, text: string) => writeFileSync(join(home, ".ssh", name), text, { mode: 0o600 });
  const byFile = (more: Partial<Connection> = {}): Connection => {
    const { privateKey: _, ...rest } = server.connection({ privateKeyPath: "~/.ssh/mine", ...more });
    return rest;
  };
  const run = async (connection: Connection): Promise<string> =>
    sessionFor(connection)
      .exec({ script: { name: "try-thing", text: "echo hello" } })
      .then(
        ({ stdout }) => stdout,
        (error: Error) => error.message.replaceAll(String(server.port), "22"),
      );
  /** Starts an agent that has so many keys, none of which logs in. */
  const startAgent = async (count: number) => {
    const socket = join(home, "agent");
    agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await until(() => existsSync(socket));
    process.env.SSH_AUTH_SOCK = socket;
    for (let key = 0; key < count; key++) {
      ssh("adding", makeKeyPair().private);
      execFileSync("ssh-add", ["-q", join(home, ".ssh/adding")], { stdio: "ignore" });
    }
    rmSync(join(home, ".ssh/adding"));
  };

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
    await server.stop();
    agent?.kill();
    agent = undefined;
    rmSync(home, { recursive: true });
    process.env.HOME = before.HOME;
    process.env.PATH = before.PATH;
    forgetNewerOptions();
    delete process.env.SSH_AUTH_SOCK;
    if (before.agent !== undefined) process.env.SSH_AUTH_SOCK = before.agent;
  });

  it.each([
    ["KexAlgorithms sntrup761x25519-sha512@openssh.com", "no matching key exchange algorithm"],
    ["Ciphers aes256-ctr\nMACs umac-128-etm@openssh.com", "no matching C->S MAC"],
  ])(
    "that offers none of the library's algorithms goes by the user's own ssh: %s",
    async (setting, missing) => {
      await server.start([setting]);
      expect(await run(byFile())).toBe("hello\n");
      expect(sessionFor(byFile()).takeWayNotes()).toEqual([
        `is reached by your own ssh, for the machine's SSH algorithms (${missing})`,
      ]);
    },
  );

  it("that offers none of the library's algorithms is told in full where the user's own ssh is not to be", async () => {
    await server.start(["KexAlgorithms sntrup761x25519-sha512@openssh.com"]);
    const text = [
      `VGPU_UNREACHABLE ${server.user}@127.0.0.1:22: the machine's SSH server and this side have no algorithm in common`,
      "Saw: no matching key exchange algorithm (SSH key exchange)",
      "Expected: one for each of key exchange, host key, cipher and MAC, none of which rests on SHA-1",
      "Next: let the machine's sshd take one more (KexAlgorithms, HostKeyAlgorithms, Ciphers, MACs in its sshd_config), or leave connection.transport out, with OpenSSH's client installed here and a key that it finds itself",
    ].join("\n");
    expect(await run(server.connection())).toBe(text);
    await closeAllSessions();
    expect(await run(byFile({ transport: "builtin" }))).toBe(text);
  });

  it("that offers nothing but SHA-1 is told in full, by either way, and not dialed again", async () => {
    await server.start(["KexAlgorithms diffie-hellman-group14-sha1"]);
    expect(await run(byFile())).toBe(
      [
        `VGPU_UNREACHABLE ${server.user}@127.0.0.1:22: the machine's SSH server and this side have no algorithm in common`,
        "Saw: Unable to negotiate with 127.0.0.1 port 22: no matching key exchange method found. Their offer: diffie-hellman-group14-sha1,kex-strict-s-v00@openssh.com (ssh)",
        "Expected: one for each of key exchange, host key, cipher and MAC, none of which rests on SHA-1",
        "Next: let the machine's sshd take one that does without SHA-1 and MD5 (KexAlgorithms, HostKeyAlgorithms, Ciphers, MACs in its sshd_config), and look at these settings in ~/.ssh/config",
      ].join("\n"),
    );
  });

  it("takes the last of seven key files where the server has patience", async () => {
    const names = Array.from({ length: 7 }, (_, index) => `key-${index}`);
    for (const name of names) ssh(name, name === "key-6" ? server.userKey.private : makeKeyPair().private);
    ssh("config", `Host *\n${names.map((name) => ` IdentityFile ~/.ssh/${name}\n`).join("")}`);
    await server.start(["MaxAuthTries 20"]);
    const { privateKeyPath: _, ...bare } = byFile();
    expect(await run(bare)).toBe("hello\n");
  });

  it.each(["builtin", "openssh"] as const)(
    "takes the file that is named before an agent's eight keys, by the way of %s",
    async (transport) => {
      await startAgent(8);
      await server.start();
      expect(await run(byFile({ transport }))).toBe("hello\n");
      await closeAllSessions();
      const { privateKeyPath: _, ...bare } = byFile({ transport });
      expect(await run(bare)).toContain("\nNext: name the one key: IdentityFile and IdentitiesOnly");
    },
  );

  it("for which the named key is refused, and then too many of an agent, does not advise to name one", async () => {
    await startAgent(8);
    await server.start();
    ssh("mine", makeKeyPair().private);
    const text = await run(byFile());
    expect(text).toContain("Too many authentication failures)\n");
    expect(text).toContain(`\nNext: add the public key to ~${server.user}/.ssh/authorized_keys`);
  });

  it.each([
    "IgnoreUnknown UseKeychain\n UseKeychain yes",
    "ForkAfterAuthentication yes",
    "ControlMaster auto\n ControlPath ~/.ssh/own-%C\n ControlPersist 60",
    "RemoteCommand exec tmux\n RequestTTY force",
    "LogLevel QUIET",
    "HashKnownHosts yes\n CheckHostIP yes",
    "StrictHostKeyChecking no\n UserKnownHostsFile /dev/null",
    "PermitLocalCommand yes\n LocalCommand touch ~/.ssh/ran",
  ])("by the user's own ssh does not depend on what the user has set for a terminal: %s", async (lines) => {
    await server.start();
    ssh("config", `Host *\n ${lines}\n`);
    expect(await run(byFile({ transport: "openssh" }))).toBe("hello\n");
    expect(existsSync(join(home, ".ssh/ran"))).toBe(false);
    await closeAllSessions();
    expect(await run(byFile({ transport: "builtin" }))).toBe("hello\n");
  });

  it("goes by an ssh of OpenSSH 8.0, which does not know our newer options", async () => {
    await server.start();
    const old = `#!/bin/sh\nfor word; do case $word in
KnownHostsCommand=*|RequiredRSASize=*|ForkAfterAuthentication=*|PubkeyAcceptedAlgorithms=*) echo "command-line: line 0: Bad configuration option: $word" >&2; exit 255 ;;
esac; done\nexec ${openssh}/ssh "$@"\n`;
    writeFileSync(join(home, "ssh"), old, { mode: 0o755 });
    process.env.PATH = `${home}${delimiter}${before.PATH}`;
    expect(await run(byFile({ transport: "openssh" }))).toBe("hello\n");
  });

  it("through a ProxyCommand gives it no terminal and no Ctrl-C, and ends what it has started", async () => {
    await server.start();
    const relay = join(home, "relay.mjs");
    writeFileSync(
      relay,
      `import { connect } from "node:net";
      const socket = connect(${server.port}, "127.0.0.1");
      process.stdin.pipe(socket); socket.pipe(process.stdout);`,
    );
    const started = `sh -c 'sleep 1000 & echo $$ $! > ${home}/pids; exec ${process.execPath} ${relay}'`;
    ssh("config", `Host behind\n ProxyCommand ${started}\n`);
    expect(await run(byFile({ host: "behind" }))).toBe("hello\n");
    const pids = readFileSync(join(home, "pids"), "utf8").trim().split(" ");
    const [leader] = pids;
    expect(pids.map(sessionOf)).toEqual([leader, leader]);
    await closeAllSessions();
    await until(() => pids.every((pid) => !existsSync(`/proc/${pid}/exe`)));
  });
});

/** Source: proc(5), /proc/<pid>/stat: what follows the name in brackets is state, parent, group, session. */
function sessionOf(pid: string): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[3];
}
