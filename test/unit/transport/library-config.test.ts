import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import type { Route } from "../../../provider/transport/config/route.js";
import { resolveRoute } from "../../../provider/transport/config/ssh-alias.js";
import { forgetOptions } from "../../../provider/transport/config/user-config.js";

const before = { HOME: process.env.HOME, PATH: process.env.PATH };
const openssh = (before.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "ssh")));
const me = userInfo().username;
const cases: readonly (readonly [
  config: string,
  connection: Connection,
  files?: Readonly<Record<string, string>>,
])[] = [
  ["Match originalhost gpu-1\n HostName 192.0.2.1\n", { host: "gpu-1" }],
  [`Match localuser ${me}\n HostName 192.0.2.1\n`, { host: "gpu-1" }],
  [`Match localuser nobody-else\n HostName 192.0.2.1\n`, { host: "gpu-1" }],
  ["Match !host gpu-1\n HostName 192.0.2.1\n", { host: "gpu-1" }],
  ["Match all\n HostName 192.0.2.1\n", { host: "gpu-1" }],
  ["Match final all\n Port 2222\n", { host: "gpu-1" }],
  ["Match canonical all\n Port 2222\n", { host: "gpu-1" }],
  ["Match final host gpu-2\n Port 2222\n", { host: "gpu-1" }],
  ["Match host gpu-1,gpu-2 user root\n Port 2222\n", { host: "gpu-1", user: "root" }],
  ["Match host *,!gpu-1\n Port 2222\n", { host: "gpu-1" }],
  ["Match user !root,*\n Port 2222\n", { host: "gpu-1", user: "root" }],
  ["Match user admin\n Port 2222\nHost gpu-1\n User admin\n", { host: "gpu-1" }],
  ["Host gpu-1\n User admin\nMatch user admin\n Port 2222\n", { host: "gpu-1" }],
  ["Host gpu-1\n HostName real.lab\nMatch host real.lab\n Port 2222\n", { host: "gpu-1" }],
  ["Host gpu-1\n HostName real.lab\nMatch host gpu-1\n Port 2222\n", { host: "gpu-1" }],
  ["Host gpu-? !gpu-1\n Port 2222\n", { host: "gpu-1" }],
  ["Host !gpu-2\n Port 2222\n", { host: "gpu-1" }],
  ['Host "gpu-1" gpu-9\n Port=2222\n HostName "192.0.2.1"\n', { host: "gpu-1" }],
  ["Host gpu-1 # a comment\n Port 2222 # another\n", { host: "gpu-1" }],
  ["Port 2222\nHost gpu-1\n Port 2223\n", { host: "gpu-1" }],
  ["Host gpu-1\n IdentityFile ~/a\n IdentityFile ~/b\nHost *\n IdentityFile ~/c\n", { host: "gpu-1" }],
  ["Host gpu-1\n UserKnownHostsFile ~/a ~/b\n", { host: "gpu-1" }],
  ['Host gpu-1\n UserKnownHostsFile "~/my a" ~/b\n', { host: "gpu-1" }],
  ['Host gpu-1\n IdentityFile "~/my key"\n', { host: "gpu-1" }],
  ["Host gpu-1\n HostName %h.lab\n", { host: "gpu-1" }],
  [
    "Include conf.d/*\nHost *\n Port 2222\n",
    { host: "gpu-1" },
    { "conf.d/a": "Host gpu-1\n Port 2201\n", "conf.d/b": "Host gpu-1\n HostName b.lab\n" },
  ],
  [
    "Host gpu-1\n Include one two\n Port 2222\n",
    { host: "gpu-1" },
    { one: "User one\n", two: "HostName two.lab\n" },
  ],
  ["Host gpu-2\n Include one\n Port 2222\n", { host: "gpu-1" }, { one: "User one\nHost gpu-1\n Port 77\n" }],
  ["Include one\nPort 2222\n", { host: "gpu-1" }, { one: "Host gpu-9\n User one\n" }],
  ["Host gpu-1\n Include one\n Port 2222\n", { host: "gpu-1" }, { one: "Host gpu-9\n User one\n" }],
  ["Match host gpu-1\n Include one\n Port 2222\n", { host: "gpu-1" }, { one: "Match user zz\n Port 5\n" }],
  ['Include "my file"\n', { host: "gpu-1" }, { "my file": "Host gpu-1\n Port 5\n" }],
  ["include=one\n", { host: "gpu-1" }, { one: "Host gpu-1\n Port 5\n" }],
  ["Host gpu-1\n ProxyJump none\nHost *\n ProxyJump b\n", { host: "gpu-1" }],
  ["Host gpu-1\n ProxyCommand none\nHost *\n ProxyJump b\n", { host: "gpu-1" }],
  ["Host gpu-1\n ProxyJump b\nHost gpu-*\n ProxyCommand nc %h\n", { host: "gpu-1" }],
  ["Host gpu-1\n ProxyCommand nc %h\nHost gpu-*\n ProxyJump b\n", { host: "gpu-1" }],
  ["Host gpu-1\n ProxyCommand sh -c \"nc '%h' %p\"\n", { host: "gpu-1" }],
  ["Host gpu-1\n IdentitiesOnly true\n", { host: "gpu-1" }],
  ["Host gpu-1\n IdentitiesOnly no\nHost *\n IdentitiesOnly yes\n", { host: "gpu-1" }],
  ["Host gpu-1\n IdentityAgent none\n", { host: "gpu-1" }],
  ["Host gpu-1\n ConnectTimeout 1m\n", { host: "gpu-1" }],
  ["Host gpu-1\n Port 22\r\n HostName a.lab\r\n", { host: "gpu-1" }],
  ["Host gpu-1\n BindAddress 127.0.0.1\n", { host: "gpu-1" }],
  ["Host gpu-1\n CertificateFile ~/x\n", { host: "gpu-1" }],
  ["Host gpu-1\n RevokedHostKeys ~/x\n", { host: "gpu-1" }],
  ["Host gpu-1\n\tHostName\ta.lab\n\tPort\t5\n", { host: "gpu-1" }],
  ["Host gpu-1\n HostName a.lab\nHost a.lab\n Port 5\n", { host: "gpu-1" }],
  ["Host 2001:db8::1\n Port 5\n", { host: "2001:db8::1" }],
  ["Host fe80::1%eth0\n Port 5\n", { host: "fe80::1%eth0" }],
];

describe("the library, where no OpenSSH is installed", () => {
  let home: string;
  const read = (connection: Connection, files: Readonly<Record<string, string>>): unknown => {
    forgetOptions();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, ".ssh", name), text);
    return comparable(resolveRoute(connection));
  };

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
    mkdirSync(join(home, ".ssh/conf.d"), { recursive: true });
    process.env.HOME = home;
  });
  afterEach(() => {
    Object.assign(process.env, before);
    forgetOptions();
    rmSync(home, { recursive: true });
  });

  const named = cases.map(([config, connection, files = {}]) => ({ config, connection, files }));
  it.skipIf(!openssh).each(named)("reads as OpenSSH does: $config", ({ config, connection, files }) => {
    const all = { config, ...files };
    const theirs = read(connection, all);
    process.env.PATH = home;
    expect(read(connection, all)).toEqual(theirs);
  });

  it("tells of a Match with ! that it does not follow", () => {
    process.env.PATH = home;
    writeFileSync(join(home, ".ssh/config"), "Match !host gpu-2\n Port 2222\n");
    expect(resolveRoute({ host: "gpu-1" }).notFollowed).toEqual(["Match with !"]);
  });
});

/** What does not differ by who has read it. */
function comparable({ openSshHere: _, gssapi: __, notFollowed: ___, via, ...route }: Route): unknown {
  return { ...route, via: via && comparable(via) };
}
