import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveRoute } from "../../../provider/transport/config/ssh-alias.js";
import { closeAllSessions } from "../../../provider/transport/session.js";

const before = { HOME: process.env.HOME, PATH: process.env.PATH, XDG: process.env.XDG_RUNTIME_DIR };
const openssh = (before.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "ssh")));
let home: string;
const config = (text: string) => writeFileSync(join(home, ".ssh/config"), text);
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "it did not fail";
};
/** Resolves as another user of this machine, whose home is `home`; only root can become one. */
const resolvedAs = (uid: number, connection: object): unknown => {
  for (const path of [home, join(home, ".ssh"), join(home, ".ssh/config")]) chmodSync(path, 0o777);
  const program = `const { resolveRoute } = require("./provider/transport/config/ssh-alias.ts");
process.setgid(${uid}); process.setuid(${uid});
process.stdout.write(JSON.stringify(resolveRoute(${JSON.stringify(connection)})));`;
  const words = ["--require", "./tools/run-typescript.cjs", "-e", program];
  const cwd = resolve(__dirname, "../../..");
  const env = { ...process.env, HOME: home, TMPDIR: home };
  return JSON.parse(execFileSync(process.execPath, words, { cwd, env, encoding: "utf8" }));
};

beforeEach(() => {
  // Some have a folder of their own for what passes, into which nobody else may look.
  home = mkdtempSync("/var/tmp/vgpu-home-");
  mkdirSync(join(home, ".ssh"));
  process.env.HOME = home;
});
afterEach(async () => {
  await closeAllSessions();
  process.env.HOME = before.HOME;
  process.env.PATH = before.PATH;
  delete process.env.XDG_RUNTIME_DIR;
  if (before.XDG !== undefined) process.env.XDG_RUNTIME_DIR = before.XDG;
  rmSync(home, { recursive: true });
});

/** By OpenSSH where it is installed, and by the library. */
describe.each(openssh ? ["OpenSSH", "the library"] : ["the library"])("a way, read by %s", (by) => {
  beforeEach(() => {
    if (by === "the library") process.env.PATH = home;
  });

  it("leads over bastions whose accounts have an @ in their names, with ports and addresses of IPv6", () => {
    config("Host gpu-1\n ProxyJump me@corp.lab@first:2201,[2001:db8::1]:22,ssh://you@third\n");
    expect(resolveRoute({ host: "gpu-1" }).via).toMatchObject({
      host: "third",
      user: "you",
      via: {
        host: "2001:db8::1",
        port: 22,
        via: { host: "first", user: "me@corp.lab", port: 2201, via: undefined },
      },
    });
  });

  it("puts values in place of the tokens of ProxyJump and ProxyCommand, and leaves variables to the shell", () => {
    config(
      "Host gpu-1\n HostName %h.lab\n ProxyJump %r@jump-%n\nHost gpu-2\n ProxyCommand nc '${HOME}' %h %p %%\n",
    );
    expect(resolveRoute({ host: "gpu-1", user: "admin", port: 2200 }).via).toMatchObject({
      host: "jump-gpu-1",
      user: "admin",
    });
    expect(resolveRoute({ host: "gpu-2" }).proxyCommand).toBe("nc '${HOME}' gpu-2 22 %");
  });

  it("tries each IdentityFile that is named, whatever its name, and no usual key where none is to be", () => {
    const names = ["id_a", "id_b", "id_c", "id_d"].map((name) => `~/.ssh/${name}`);
    config(`Host gpu-1\n${names.map((name) => ` IdentityFile ${name}\n`).join("")}`);
    expect(resolveRoute({ host: "gpu-1" })).toMatchObject({
      identityFiles: names.map((name) => name.replace("~", home)),
      noIdentityFile: false,
    });
    config("Host gpu-2\n IdentityFile none\n");
    expect(resolveRoute({ host: "gpu-2" })).toMatchObject({ identityFiles: [], noIdentityFile: true });
    expect(resolveRoute({ host: "gpu-3" })).toMatchObject({ identityFiles: [], noIdentityFile: false });
  });

  it("finds an agent by a variable in a path, or as a variable's whole value", () => {
    process.env.XDG_RUNTIME_DIR = "/run/user/7";
    config(
      "Host gpu-1\n IdentityAgent ${XDG_RUNTIME_DIR}/agent\nHost gpu-2\n IdentityAgent $XDG_RUNTIME_DIR\n",
    );
    expect(resolveRoute({ host: "gpu-1" }).agentSocketPath).toBe("/run/user/7/agent");
    expect(resolveRoute({ host: "gpu-2" }).agentSocketPath).toBe("/run/user/7");
  });

  it("knows a HostKeyAlias as that, and puts the alias in place of %k where there is none", () => {
    config("Host gpu-1\n HostKeyAlias gpu\nHost *\n HostName 192.0.2.1\n UserKnownHostsFile /keys/%k\n");
    expect(resolveRoute({ host: "gpu-1" })).toMatchObject({ keyName: "gpu", isKeyAlias: true });
    const { keyName, isKeyAlias, knownHostsFiles } = resolveRoute({ host: "gpu-2" });
    expect([keyName, isKeyAlias, knownHostsFiles[0]]).toEqual(["192.0.2.1", false, "/keys/gpu-2"]);
  });

  it("begins in the account's home folder where HOME is empty, not in the current one", () => {
    process.env.HOME = "";
    const { knownHostsFiles } = resolveRoute({ host: "gpu-1" });
    expect(knownHostsFiles.filter((file) => !file.startsWith("/"))).toEqual([]);
  });
});

describe.skipIf(!openssh)("a way, read by OpenSSH", () => {
  it.each(["ForkAfterAuthentication yes", "SessionType subsystem", "RemoteCommand top", "StdinNull yes"])(
    "does not depend on what is set for a session: %s",
    (line) => {
      config(`Host gpu-1\n HostName 192.0.2.1\n ${line}\n`);
      expect(resolveRoute({ host: "gpu-1" }).host).toBe("192.0.2.1");
    },
  );

  it("takes a user that only the final pass says", () => {
    config("Host gpu-1\n HostName gpu-1.lab\nMatch final host *.lab\n User admin\n");
    expect(resolveRoute({ host: "gpu-1" }).user).toBe("admin");
    expect(resolveRoute({ host: "gpu-2" }).user).toBe("root");
  });

  it("is root's where nobody names a user, also for Match, whoever runs Pulumi", () => {
    if (process.getuid?.() !== 0) return;
    config("Host gpu-2\n User nobody\nHost gpu-3\n User admin\nMatch user root\n Port 2200\n");
    const way = (host: string) => resolvedAs(65_534, { host });
    expect(way("gpu-1")).toMatchObject({ user: "root", port: 2200 });
    expect(way("gpu-2")).toMatchObject({ user: "nobody", port: 22 });
    expect(way("gpu-3")).toMatchObject({ user: "admin", port: 22 });
  }, 60_000);

  it("is read by the library for a user without an account, for whom OpenSSH does nothing", () => {
    if (process.getuid?.() !== 0) return;
    config("Host gpu-1\n HostName 192.0.2.1\n IdentityFile ~/%u\n");
    expect(resolvedAs(61_234, { host: "gpu-1" })).toMatchObject({ host: "192.0.2.1", openSshHere: false });
  }, 30_000);
});

describe("ProxyJump that leads nowhere", () => {
  it("is told in full, and never left out", () => {
    config("Host gpu-1\n ProxyJump first,sec[ond\n");
    process.env.PATH = home;
    expect(refusal(() => resolveRoute({ host: "gpu-1" }))).toBe(
      [
        "VGPU_INPUT gpu-1: cannot find the way through the bastions",
        'Saw: "sec[ond" (ProxyJump of ~/.ssh/config)',
        "Expected: [user@]host[:port], several with a comma between",
        "Next: correct ProxyJump in ~/.ssh/config, or set connection.proxy",
      ].join("\n"),
    );
  });
});
