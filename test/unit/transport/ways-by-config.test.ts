import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

let home: string;
let machine: SshFixture;
const homeBefore = process.env.HOME;

const ssh = (name: string, text: string) => writeFileSync(join(home, ".ssh", name), text);
const run = (connection: Connection) =>
  sessionFor(connection).exec({ script: { name: "try-thing", text: "echo hello" } });

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
  mkdirSync(join(home, ".ssh"));
  process.env.HOME = home;
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
  rmSync(home, { recursive: true });
  process.env.HOME = homeBefore;
});

describe("~/.ssh/config", () => {
  it("gives an alias its address, port, user, key and known_hosts", async () => {
    ssh("mine", machine.userKey.private);
    ssh("lab_hosts", `gpu-01.lab ${machine.hostKey.public}\n`);
    ssh("lab.conf", "Host gpu-01\n  UserKnownHostsFile ~/.ssh/lab_hosts\n  HostKeyAlias gpu-01.lab\n");
    ssh(
      "config",
      `Include lab.conf\nHost gpu-01\n HostName 127.0.0.1\n Port ${machine.port}\n User root\n IdentityFile ~/.ssh/mine\n`,
    );
    expect((await run({ host: "gpu-01" })).stdout).toBe("hello\n");
  });

  it("leads through ProxyJump, over several hops", async () => {
    const [first, second] = [new SshFixture(), new SshFixture()];
    for (const hop of [first, second]) {
      await hop.start();
      hop.allowForward = true;
    }
    for (const [name, host] of Object.entries({ first, second, machine }))
      ssh(`key-${name}`, host.userKey.private);
    const known = [first, second, machine].map((host) => `[127.0.0.1]:${host.port} ${host.hostKey.public}`);
    ssh("known_hosts", `${known.join("\n")}\n`);
    const entry = (name: string, host: SshFixture) =>
      `Host ${name}\n HostName 127.0.0.1\n Port ${host.port}\n IdentityFile ~/.ssh/key-${name}\n`;
    const jump = " ProxyJump root@first,second\n";
    ssh("config", `${entry("first", first)}${entry("second", second)}${entry("machine", machine)}${jump}`);
    expect((await run({ host: "machine" })).stdout).toBe("hello\n");
    expect([first.connections, second.connections, machine.connections]).toEqual([1, 1, 1]);
    await closeAllSessions();
    for (const hop of [first, second]) await hop.stop();
  });

  it("refuses bastions that lead through each other", async () => {
    ssh("config", "Host a\n ProxyJump b\nHost b\n ProxyJump a\n");
    expect(() => sessionFor({ host: "a" })).toThrow(/VGPU_INPUT a: cannot find the way through the bastions/);
  });
});
