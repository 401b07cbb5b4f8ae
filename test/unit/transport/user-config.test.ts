import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveRoute } from "../../../provider/transport/config/ssh-alias.js";
import { closeAllSessions } from "../../../provider/transport/session.js";

const before = { HOME: process.env.HOME, PATH: process.env.PATH };
const openssh = (before.PATH ?? "").split(delimiter).find((folder) => existsSync(join(folder, "ssh")));
let home: string;
const config = (text: string) => writeFileSync(join(home, ".ssh/config"), text);
/** Puts a program in front of OpenSSH's `ssh`. */
const standIn = (text: string) => {
  writeFileSync(join(home, "ssh"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  process.env.PATH = `${home}${delimiter}${before.PATH}`;
};
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "it did not fail";
};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
  mkdirSync(join(home, ".ssh"));
  process.env.HOME = home;
});
afterEach(async () => {
  await closeAllSessions();
  Object.assign(process.env, before);
  rmSync(home, { recursive: true });
});

describe.skipIf(openssh === undefined)("the user's SSH configuration, read by OpenSSH", () => {
  it("applies a Match block by the exit code of its command, and runs none after a criterion that fails", () => {
    config(
      `Match host office exec "test -d ${home}"\n HostName 192.0.2.7\n Port 2222\nMatch host elsewhere exec "touch ${home}/ran"\n Port 1\nMatch host office exec "false"\n User nobody\n`,
    );
    expect(resolveRoute({ host: "office" })).toMatchObject({ host: "192.0.2.7", port: 2222, user: "root" });
    expect(existsSync(join(home, "ran"))).toBe(false);
  });

  it("applies Match user to the connection's user", () => {
    config("Match host gpu-* user admin\n IdentityFile ~/.ssh/admin\n");
    expect(resolveRoute({ host: "gpu-1", user: "admin" }).identityFiles).toEqual([join(home, ".ssh/admin")]);
    expect(resolveRoute({ host: "gpu-1", user: "root" }).identityFiles).toEqual([]);
  });

  it("puts values in place of tokens and variables, and takes relative includes from ~/.ssh", () => {
    process.env.VGPU_TEST_KEYS = "/keys";
    writeFileSync(join(home, ".ssh/lab.conf"), "Host *.lab\n HostKeyAlias gpu-%h\n");
    config("Include lab.conf\nHost *.lab\n IdentityFile ${VGPU_TEST_KEYS}/%n-%r-%p\n IdentityFile ~/%u\n");
    expect(resolveRoute({ host: "one.lab", port: 24 })).toMatchObject({
      identityFiles: ["/keys/one.lab-root-24", join(home, userInfo().username)],
    });
    delete process.env.VGPU_TEST_KEYS;
  });

  it("takes what the connection says before it, and root where nobody names a user", () => {
    config("Host gpu-*\n User admin\n Port 2200\n");
    expect(resolveRoute({ host: "gpu-1" })).toMatchObject({ user: "admin", port: 2200 });
    expect(resolveRoute({ host: "gpu-1", user: "root", port: 22 })).toMatchObject({ user: "root", port: 22 });
    expect(resolveRoute({ host: "other" })).toMatchObject({ user: "root", port: 22 });
  });

  it("is asked for once a machine, user and port", () => {
    standIn(`echo called >> ${home}/calls; exec ${openssh}/ssh "$@"`);
    for (const more of [{}, {}, { user: "admin" }, { user: "admin" }])
      resolveRoute({ host: "gpu-1", ...more });
    expect(readFileSync(join(home, "calls"), "utf8")).toBe("called\ncalled\n");
  });

  it("that OpenSSH refuses is told with what it said", () => {
    config("Host gpu-1\n NoSuchOption yes\n");
    const text = refusal(() => resolveRoute({ host: "gpu-1" }));
    expect(text).toMatch(
      /^VGPU_INPUT gpu-1: OpenSSH cannot say how it would reach the machine\nSaw: .*[Bb]ad configuration option: nosuchoption.*\(ssh -G\)\nExpected: an SSH configuration that your own ssh can read\nNext: mend ~\/\.ssh\/config, or what it includes: "ssh -G gpu-1" shows the same$/,
    );
  });

  it.each([
    ["says nothing", "exit 0", "exit code 0, and an answer without hostname, user and port"],
    ["fails without a word", "exit 3", "exit code 3, and an answer without hostname, user and port"],
    ["says nonsense", "echo 'port 99999999'; echo hostname", "exit code 0, and an answer without"],
    ["says too much", "exec yes hostname gpu-1", "an answer of more than 512 KiB"],
  ])("is not taken from an ssh that %s", (_, text, saw) => {
    standIn(text);
    expect(refusal(() => resolveRoute({ host: "gpu-1" }))).toContain(`Saw: ${saw}`);
  });
});

describe("a host or a user that is more than a name", () => {
  it.each([
    { host: "-oProxyCommand=touch ran" },
    { host: "$(touch ran)" },
    { host: "a;b" },
    { host: "admin@gpu-1" },
    { host: "ssh://gpu-1" },
    { host: "gpu-1\n" },
    { host: "gpu-1", user: "-x" },
    { host: "gpu-1", user: "`id`" },
    { host: "gpu-1", user: "a -b" },
  ])("is refused before any program hears of it: %j", (connection) => {
    standIn(`touch ${home}/ran; exit 1`);
    expect(refusal(() => resolveRoute(connection))).toMatch(/^VGPU_INPUT .* is not a name that SSH takes\n/);
    expect(existsSync(join(home, "ran"))).toBe(false);
  });

  it("is told in full", () => {
    expect(refusal(() => resolveRoute({ host: "admin@gpu-1" }))).toBe(
      [
        "VGPU_INPUT admin@gpu-1: connection.host is not a name that SSH takes",
        'Saw: "admin@gpu-1" (connection.host, or ProxyJump of ~/.ssh/config)',
        "Expected: a name, an address, or an alias of ~/.ssh/config; who logs in and by which port are connection.user and connection.port",
        "Next: correct connection.host",
      ].join("\n"),
    );
    expect(refusal(() => resolveRoute({ host: "gpu-1", user: "-x" }))).toContain(
      "Expected: the name of an account, without characters that a shell obeys\nNext: correct connection.user",
    );
  });

  it.each(["gpu-1.lab", "fe80::1%eth0", "192.0.2.1", "gpu_1"])("is not what %s is", (host) => {
    expect(resolveRoute({ host }).host).toBe(host);
  });
});

describe("the user's SSH configuration where no OpenSSH is installed", () => {
  beforeEach(() => {
    process.env.PATH = home;
  });

  it("is read all the same, with Match user for the connection's user", () => {
    config(
      "Host gpu-1\n HostName 192.0.2.7\n Port 2200\nMatch host gpu-* user admin\n IdentityFile ~/.ssh/admin\n",
    );
    expect(resolveRoute({ host: "gpu-1", user: "admin" })).toMatchObject({
      host: "192.0.2.7",
      port: 2200,
    });
    config("Match user admin\n IdentityFile ~/.ssh/admin\n");
    expect(resolveRoute({ host: "gpu-2", user: "admin" }).identityFiles).toEqual([join(home, ".ssh/admin")]);
  });

  it("runs no command of Match exec", () => {
    config(
      `Match exec "${execFileSync("/bin/sh", ["-c", "command -v touch"], { encoding: "utf8", env: before as NodeJS.ProcessEnv }).trim()} ${home}/ran"\n Port 1\n`,
    );
    expect(resolveRoute({ host: "gpu-1" }).port).toBe(22);
    expect(existsSync(join(home, "ran"))).toBe(false);
  });
});
