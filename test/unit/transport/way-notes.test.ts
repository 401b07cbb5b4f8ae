import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { resolveRoute } from "../../../provider/transport/config/ssh-alias.js";
import { forgetOptions } from "../../../provider/transport/config/user-config.js";
import { chooseTransport } from "../../../provider/transport/machine/transport-choice.js";
import { wayNotes } from "../../../provider/transport/machine/way-notes.js";

const before = { HOME: process.env.HOME, PATH: process.env.PATH };
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
  mkdirSync(join(home, ".ssh"));
  process.env.HOME = home;
  forgetOptions();
});
afterEach(() => {
  Object.assign(process.env, before);
  rmSync(home, { recursive: true });
});

const config = (text: string) => writeFileSync(join(home, ".ssh/config"), text);
const withoutSsh = () => {
  process.env.PATH = home;
};
function notesOn(more: Partial<Connection> = {}): string[] {
  const route = resolveRoute({ host: "gpu-01.lab", ...more });
  return wayNotes(route, chooseTransport(route));
}

describe("the way to a machine", () => {
  it("is told of in no word where nothing asks for another one than the usual", () => {
    config("Host gpu-*\n  User admin\n  Port 2222\n");
    expect(notesOn()).toEqual([]);
    expect(notesOn({ transport: "openssh" })).toEqual([]);
    withoutSsh();
    forgetOptions();
    expect(notesOn()).toEqual([]);
  });

  it.each([
    ["CertificateFile /etc/mine-cert.pub", "CertificateFile"],
    ["PKCS11Provider /usr/lib/card.so", "PKCS11Provider"],
    ["BindAddress 192.0.2.7", "BindAddress"],
    ["HostbasedAuthentication yes", "HostbasedAuthentication"],
  ])("is the user's own ssh, and says so, where the configuration has %s", (line, name) => {
    config(`Host gpu-01.lab\n  ${line}\n`);
    expect(notesOn()).toEqual([`is reached by your own ssh, for ${name} of ~/.ssh/config`]);
    expect(notesOn({ host: "other.lab" })).toEqual([]);
  });

  it("says what is not followed, and why, where that cannot be", () => {
    config("Host gpu-01.lab\n  BindAddress 192.0.2.7\n");
    const told = "does not follow BindAddress of ~/.ssh/config, which only OpenSSH can";
    expect(notesOn({ transport: "builtin" })).toEqual([`${told}: connection.transport is "builtin"`]);
    expect(notesOn({ password: "secret" })).toEqual([
      `${told}: connection.password is a secret, which your own ssh is not told`,
    ]);
    expect(notesOn({ proxy: { host: "bastion.lab", password: "secret" } })).toEqual([
      `${told}: connection.password is a secret, which your own ssh is not told`,
    ]);
    withoutSsh();
    forgetOptions();
    expect(notesOn()).toEqual([`${told}: there is no ssh on PATH`]);
  });

  it("says that Match exec is not followed where there is no ssh to follow it", () => {
    config("Match exec true\n  User admin\n");
    expect(notesOn()).toEqual([]);
    withoutSsh();
    forgetOptions();
    expect(notesOn()).toEqual(["does not follow Match exec of ~/.ssh/config: there is no ssh on PATH"]);
  });

  it.each([
    [{ password: "x" }, "connection.password is a secret, which your own ssh is not told"],
    [{ privateKey: "x" }, "connection.privateKey is a secret, which your own ssh is not told"],
    [{ privateKeyEnv: "KEY" }, "connection.privateKeyEnv is a secret, which your own ssh is not told"],
  ])("cannot be the user's own ssh with %o", (more, why) => {
    expect(() => notesOn({ transport: "openssh", ...more })).toThrow(
      [
        'VGPU_INPUT gpu-01.lab: cannot go by your own ssh, as connection.transport "openssh" says',
        `Saw: ${why} (connection)`,
        "Expected: OpenSSH's client on PATH, and a key that it finds itself: privateKeyPath, an agent, ~/.ssh/config",
        "Next: let an agent or a file have the key and install OpenSSH's client, or leave connection.transport out",
      ].join("\n"),
    );
  });
});
