import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeclaredResource } from "../../fleet/program.js";
import { runPreview, runUp, startRun } from "../../fleet/run.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { announcementBytes } from "../machine/shell-words.js";
import { until } from "../machine/test-support.js";
import { type Bed, type HostBed, hostName, openBed, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const exclude = `; to go on without it: pulumi up --exclude '**VgpuHost::${hostName}' --exclude-dependents`;

/** The host's own part of its program, with other fields in its connection. */
function programOf(
  host: HostBed,
  connection: Record<string, unknown> = {},
  name: string = hostName,
): DeclaredResource[] {
  return host.program({}).map(({ kind, inputs }) => ({
    kind,
    name,
    inputs: { ...inputs, name, connection: { ...(inputs.connection as object), ...connection } },
  }));
}

/** Fails unless preview and up refuse with one text, which is returned. */
async function refusalOf(host: HostBed, program: readonly DeclaredResource[]): Promise<string> {
  const previews = await runPreview(program, host.statePath);
  const failures = Object.values(previews).flatMap((preview) => preview.failures);
  expect(failures).toHaveLength(1);
  const reason = failures[0]?.reason ?? "";
  const upReason = await runUp(program, host.statePath).catch((error: Error) => error.message);
  expect(headOf(String(upReason))).toBe(headOf(reason));
  return reason;
}

/** The first line, less how long it took. */
function headOf(text: string): string | undefined {
  return text.split("\n")[0]?.replace(/after [\d.]+ s$/, "after a while");
}

const addressOf = ({ machine: { address } }: HostBed) => `${address.host}:${address.port}`;

describe.concurrent("a host that cannot be reached", () => {
  it("because nothing listens is refused, with the line that leaves it out", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("refused", "turingLegacy");
    await host.machine.setNetwork("refused");
    const text = await refusalOf(host, programOf(host));
    expect(text).toMatch(
      new RegExp(
        `^VGPU_UNREACHABLE root@${addressOf(host)}: no SSH connection after \\d+ s\nSaw: .*ECONNREFUSED`,
      ),
    );
    expect(text).toContain(`connects from here${exclude}`);
  });

  it("because it is silent is refused after a while", { timeout: 120_000 }, async () => {
    const host = await bed.host("silent", "turingLegacy");
    await host.machine.setNetwork("silent");
    const text = await refusalOf(host, programOf(host, { perDialTimeout: 5 }));
    expect(text).toMatch(new RegExp(`^VGPU_UNREACHABLE root@${addressOf(host)}: no SSH connection after`));
  });

  it("because of another host key is refused with both fingerprints, untouched", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("other-key", "turingLegacy");
    const program = programOf(host);
    const pinned = host.machine.address.hostKey;
    const shown = await host.machine.rotateHostKey();
    const before = await noteOf(host.machine);
    const text = await refusalOf(host, program);
    expect(text).toMatch(/^VGPU_HOST_KEY /);
    for (const key of [shown, pinned]) expect(text).toContain(fingerprint(key));
    await expectUntouched(host.machine, before);
  });

  it("because its login is refused says which key, untouched", { timeout: 120_000 }, async () => {
    const host = await bed.host("other-login", "turingLegacy");
    const privateKeyPath = join(host.folder, "stranger.key");
    writeFileSync(privateKeyPath, makeKeyPair().private, { mode: 0o600 });
    const before = await noteOf(host.machine);
    const text = await refusalOf(host, programOf(host, { privateKeyPath }));
    expect(text).toMatch(/^VGPU_LOGIN .*: cannot log in as root\n/);
    expect(text).not.toContain("PRIVATE KEY");
    await expectUntouched(host.machine, before);
  });

  it("because its user has no sudo says so, untouched", { timeout: 120_000 }, async () => {
    const host = await bed.host("no-sudo", "turingLegacy", { machine: { sudo: "refused" }, user: "admin" });
    const before = await noteOf(host.machine);
    const text = await refusalOf(host, programOf(host));
    expect(text).toMatch(/^VGPU_NO_SUDO /);
    expect(await host.machine.digest()).toBe(before.digest);
  });
});

function fingerprint(hostKey: string): string {
  const key = ssh2.utils.parseKey(hostKey);
  if (key instanceof Error) throw key;
  const parsed = Array.isArray(key) ? key[0] : key;
  const hash = createHash("sha256").update(parsed.getPublicSSH()).digest("base64");
  return `SHA256:${hash.replace(/=+$/, "")}`;
}

describe.concurrent("a host", () => {
  it("is made over sudo with a password, which nothing shows", { timeout: 120_000 }, async () => {
    const host = await bed.host("sudo", "turingLegacy", {
      machine: { sudo: "password", passwords: { admin: "open-sesame-17" } },
      user: "admin",
    });
    const program = host.program(vgpusOf("T4-4Q", 1)).map(({ inputs, ...rest }) => ({
      ...rest,
      inputs: { ...inputs, connection: { ...(inputs.connection as object), sudoPassword: "open-sesame-17" } },
    }));
    const run = startRun({ task: "up", program, statePath: host.statePath });
    expect(await run.ended).toMatchObject({ error: "" });
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
    const commands = await host.machine.commands();
    expect(JSON.stringify(commands)).not.toContain("open-sesame-17");
    expect(run.output()).not.toContain("open-sesame-17");
  });

  it("under two names is refused to the second", { timeout: 120_000 }, async () => {
    const host = await bed.host("two-names", "turingLegacy");
    const before = await noteOf(host.machine);
    const both = [...programOf(host), ...programOf(host, { host: "localhost" }, "second")];
    const previews = await runPreview(both, host.statePath);
    const failures = Object.values(previews).flatMap((preview) => preview.failures);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.reason).toMatch(
      /^VGPU_CLAIM_CONFLICT gpu-host, second: 2 VgpuHosts are one machine\nSaw: gpu-host and second reach the machine-id [0-9a-f]{32}\n/,
    );
    await expectUntouched(host.machine, before);
  });

  it("that another stack is changing says who, and goes on when that has ended", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("locked", "turingLegacy");
    const lock = [
      "exec 9> /run/pulumi-vgpu/run.lock; flock 9",
      "printf '%s\\t5\\tt\\t-\\tinfra/other/gpu\\n' $$ > /run/pulumi-vgpu/run.holder",
      "exec sleep 600",
    ].join("; ");
    await host.machine.shell(
      `mkdir -m 700 /run/pulumi-vgpu; setsid /bin/sh -c "${lock.replaceAll("$", "\\$")}" > /dev/null 2>&1 & echo $! > /run/other.pid`,
    );
    await until(
      "the other stack holds the lock",
      async () => (await host.machine.shell("cat /run/pulumi-vgpu/run.holder")).code === 0,
    );
    const run = startRun({ task: "up", program: programOf(host), statePath: host.statePath });
    await until(
      "the holder is told",
      async () => {
        const locks = (await host.machine.commands()).filter(({ name }) => name === "pulumi-vgpu:hold-lock");
        return (locks.at(-1)?.bytesOut ?? 0) > announcementBytes;
      },
      60_000,
    );
    run.moveClock(6 * 60_000);
    expect((await run.ended).error).toMatch(
      /^VGPU_LOCKED .*: another run is changing this machine\nSaw: held by infra\/other\/gpu, process \d+, for \d+ s; waited \d+ s \(\/run\/pulumi-vgpu\/run.lock\)\n/,
    );
    await host.machine.shell("kill -- -$(cat /run/other.pid) || kill $(cat /run/other.pid)");
    await host.machine.restart("power-loss");
    await runUp(programOf(host), host.statePath);
    expect((await host.machine.shell("cat /etc/pulumi-vgpu/host")).stdout).toMatch(
      /^owner=fleet\/test\/gpu-host\n/,
    );
  });

  it("that does not come back from its reboot in time is told, and taken up when it does", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("gone", "turingLegacy");
    const run = startRun({ task: "up", program: programOf(host), statePath: host.statePath });
    const unhook = await host.machine.onCommand(async ({ name }) => {
      if (name === "pulumi-vgpu:reboot-machine") await host.machine.setNetwork("refused");
    });
    await until("it is told to reboot", async () => (await host.machine.counters()).boots > 1, 60_000);
    run.moveClock(21 * 60_000);
    const { error } = await run.ended;
    expect(error).toMatch(/^VGPU_TIMEOUT .*: the machine did not come back within 1200 s\n/);
    await unhook();
    await host.machine.setNetwork("normal");
    await runUp(programOf(host), host.statePath);
    expect(await host.machine.unitActive("nvidia-vgpu-mgr.service")).toBe(true);
  });
});
