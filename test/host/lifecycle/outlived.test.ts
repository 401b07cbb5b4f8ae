import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fleetRelease, type PackageFile } from "../../fleet/fleet.js";
import { runUp, startRun } from "../../fleet/run.js";
import { until } from "../machine/test-support.js";
import { type Bed, type HostBed, openBed } from "./bed.js";
import { endStateOf, linesOf } from "./end-state.js";
import { programOf } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** Notes each start and end of a program, and waits in between until /run/go is there. */
const slow = (program: string) => `#!/bin/sh
echo "begin $1" >> /var/log/slow
until [ -e /run/go ]; do sleep 0.05; done
${program} "$@"
code=$?
echo "end $1" >> /var/log/slow
exit $code
`;

/** Puts a slow one in front of a program of the machine. */
async function slowDown(host: HostBed, program: string): Promise<void> {
  const name = program.split("/").at(-1);
  const text = Buffer.from(slow(program)).toString("base64");
  await host.machine.shell(
    `mkdir -p /usr/local/sbin; echo ${text} | base64 -d > /usr/local/sbin/${name}; chmod 755 /usr/local/sbin/${name}`,
  );
}

/** The vendor's package, which starts a program first and leaves it running. */
function leavingRunning(host: HostBed, line: string): PackageFile {
  const text = readFileSync(bed.packages.manager.path, "utf8").replace("\n", `\n${line}\n`);
  const path = join(host.folder, bed.packages.manager.path.split("/").at(-1) ?? "");
  writeFileSync(path, text);
  return { path, sha256: createHash("sha256").update(text).digest("hex") };
}

const slowLog = (host: HostBed) => linesOf(host.machine, "cat /var/log/slow 2> /dev/null");
const locks = async (host: HostBed) =>
  (await host.machine.commands()).filter(({ name }) => name === "pulumi-vgpu:hold-lock");

describe("a run that is killed (-9) inside update-initramfs", () => {
  it("leaves the lock to the script, so that the next run waits for it and never starts a second beside it", {
    timeout: 600_000,
  }, async () => {
    const [host, plain] = await Promise.all([
      bed.host("initramfs", "turingLegacy"),
      bed.host("initramfs-plain", "turingLegacy"),
    ]);
    await slowDown(host, "/usr/sbin/update-initramfs");
    const request = { task: "up", program: programOf(host), statePath: host.statePath } as const;
    const first = startRun(request);
    await until("update-initramfs runs", async () => (await slowLog(host)).length > 0, 150_000);
    await first.kill();

    const second = startRun(request);
    await until(
      "it is told who is at work",
      async () => second.output().includes("waits for the lock"),
      150_000,
    );
    expect(second.output()).toMatch(
      /gpu-host: waits for the lock of the machine, held by fleet\/test\/gpu-host: block-nouveau, process \d+, for \d+ s\n/,
    );
    second.moveClock(31 * 60_000);
    expect((await second.ended).error).toMatch(
      /^VGPU_LOCKED .*: a script is still changing this machine\nSaw: held by fleet\/test\/gpu-host: block-nouveau, process \d+, for \d+ s; waited \d+ s \(\/run\/pulumi-vgpu\/change.lock\)\n/,
    );
    expect(await slowLog(host)).toEqual(["begin -u"]);

    const third = startRun(request);
    const before = (await locks(host)).length;
    await until("the third waits", async () => (await locks(host)).length > before, 150_000);
    await host.machine.shell("touch /run/go");
    expect((await third.ended).error).toBe("");
    expect((await slowLog(host)).slice(0, 2)).toEqual(["begin -u", "end -u"]);
    await runUp(programOf(plain), plain.statePath);
    await host.machine.shell("rm -r /var/log/slow /usr/local/sbin/update-initramfs");
    const state = await endStateOf(host.machine);
    expect({ ...state, files: [] }).toEqual({ ...(await endStateOf(plain.machine)), files: [] });
  });
});

describe("a run whose connection is cut inside update-initramfs", () => {
  it("waits for the script itself, and does not start it again beside it", { timeout: 600_000 }, async () => {
    const host = await bed.host("cut", "turingLegacy");
    await slowDown(host, "/usr/sbin/update-initramfs");
    const run = startRun({ task: "up", program: programOf(host), statePath: host.statePath });
    await until("update-initramfs runs", async () => (await slowLog(host)).length > 0, 150_000);
    await host.machine.dropConnections();
    await until("it asks for the lock again", async () => (await locks(host)).length > 1, 150_000);
    await until(
      "it is told who is at work",
      async () => run.output().includes("waits for the lock"),
      150_000,
    );
    expect(await slowLog(host)).toEqual(["begin -u"]);
    await host.machine.shell("touch /run/go");
    expect((await run.ended).error).toBe("");
    expect((await slowLog(host)).slice(0, 2)).toEqual(["begin -u", "end -u"]);
  });
});

describe("a driver's installation that outlived its run", () => {
  it("keeps the lock as a job, which the next run is told", { timeout: 600_000 }, async () => {
    const host = await bed.host("job", "turingLegacy", { kind: { faults: { installer: "hang" } } });
    const request = { task: "up", program: programOf(host), statePath: host.statePath } as const;
    const first = startRun(request);
    await until(
      "the installer runs",
      async () => (await host.machine.commands()).some(({ name }) => name === "pulumi-vgpu:poll-job"),
      120_000,
    );
    await first.kill();
    const second = startRun(request);
    await until(
      "it is told what is at work",
      async () => second.output().includes("waits for the lock"),
      150_000,
    );
    expect(second.output()).toMatch(
      /held by fleet\/test\/gpu-host: job install-[0-9a-f]{16}, process \d+, for/,
    );
    await second.kill();
  });
});

describe("a driver's installation whose runner is killed (-9) on the machine", () => {
  it("keeps the lock by its own script, so that the next run waits for the installer's end", {
    timeout: 600_000,
  }, async () => {
    const host = await bed.host("runner", "turingLegacy", { kind: { faults: { installer: "hang" } } });
    const request = { task: "up", program: programOf(host), statePath: host.statePath } as const;
    const first = startRun(request);
    const installer = "ps -eo pid,args | awk '/--accept-license/ && !/awk/ { print $1 }'";
    await until(
      "the installer runs",
      async () => (await host.machine.commands()).some(({ name }) => name === "pulumi-vgpu:poll-job"),
      150_000,
    );
    await until("it is seen", async () => (await linesOf(host.machine, installer)).length > 0);
    await first.kill();
    const runner = "cut -f 1 /run/pulumi-vgpu/change.holder";
    const killed = `pid=$(${runner}) && grep -q runner /proc/$pid/cmdline && kill -9 $pid`;
    expect(await host.machine.shell(killed)).toMatchObject({ code: 0 });

    const second = startRun(request);
    await until(
      "it is told who is at work",
      async () => second.output().includes("waits for the lock"),
      150_000,
    );
    expect(second.output()).toMatch(/waits for the lock of the machine, held by process \d+/);
    await host.machine.model("setFaults", { installer: undefined });
    await host.machine.shell(`kill -9 $(${installer})`);
    expect((await second.ended).error).toBe("");
  });
});

describe("what an installer leaves running", () => {
  it("has none of our locks, so that the run goes on and the next one is not kept out", {
    timeout: 600_000,
  }, async () => {
    const host = await bed.host("daemon", "turingLegacy");
    const daemon = "setsid sleep 4321 < /dev/null > /dev/null 2>&1 &";
    const manager = leavingRunning(host, daemon);
    const program = programOf(host).map((resource) =>
      resource.kind !== "vgpuHost"
        ? resource
        : {
            ...resource,
            inputs: { ...resource.inputs, driver: { release: fleetRelease.release, package: manager } },
          },
    );
    let left: string[] = [];
    const unhook = await host.machine.onCommand(async ({ name }) => {
      if (name !== "pulumi-vgpu:poll-job") return;
      left = await linesOf(host.machine, "for p in $(pgrep -f 'sleep 4321'); do ls -l /proc/$p/fd; done");
    });
    await runUp(program, host.statePath);
    await unhook();
    expect(left.filter((line) => line.includes("->"))).not.toEqual([]);
    expect(left.filter((line) => line.includes("lock"))).toEqual([]);
  });
});
