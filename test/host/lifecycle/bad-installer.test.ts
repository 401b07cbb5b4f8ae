import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUp, startRun } from "../../fleet/run.js";
import { announcementBytes } from "../machine/shell-words.js";
import { until } from "../machine/test-support.js";
import { type Bed, type HostBed, openBed, vgpusOf } from "./bed.js";
import { leftoversOn } from "./end-state.js";
import { gpuOf, liveTypes } from "./live-vgpus.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const programOf = (host: HostBed) => host.program(vgpusOf("T4-4Q", 1));

/** Our scripts' short waits take no time; those that hold the lock do. */
const impatientSleep = '#!/bin/sh\ncase $1 in 0.1 | 1) exit 0 ;; esac\nexec /usr/bin/sleep "$@"\n';

/** The text of the error of an up; fails when there is none. */
async function failureOf(host: HostBed): Promise<string> {
  const error = await runUp(host.program(vgpusOf("T4-4Q", 1)), host.statePath).then(
    () => "no error",
    (reason: Error) => reason.message,
  );
  expect(error).not.toBe("no error");
  return error;
}

/** Fails unless another up, on the mended host, reaches the end. */
async function expectHealed(host: HostBed): Promise<void> {
  await host.machine.model("setFaults", { installer: undefined });
  await runUp(programOf(host), host.statePath);
  expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
  expect(await leftoversOn(host.machine)).toEqual([]);
}

describe.concurrent("an installer that", () => {
  it("exits 0 and leaves no driver is a failure, told with its log", { timeout: 120_000 }, async () => {
    const host = await bed.host("nothing", "turingLegacy", { kind: { faults: { installer: "nothing" } } });
    const error = await failureOf(host);
    expect(error).toMatch(/^VGPU_STEP_FAILED gpu-host: install-driver failed\n/);
    expect(error).toContain("installer exit code 0; module nvidia on disk: none");
    await expectHealed(host);
  });

  it("fails where the journals cannot be read is a failure that says so", { timeout: 120_000 }, async () => {
    const host = await bed.host("no-evidence", "turingLegacy", {
      kind: { faults: { installer: "nothing" } },
    });
    await host.machine.fault({
      name: "pulumi-vgpu:evidence",
      times: 9,
      action: { kind: "drop", when: "before" },
    });
    const error = await failureOf(host);
    expect(error).toMatch(/^VGPU_STEP_FAILED gpu-host: install-driver failed\nSaw: exit code 1:\n/);
    expect(error).toContain(
      `
  (the machine's journals could not be read: VGPU_UNREACHABLE, the connection was lost during evidence)
Expected: exit code 0 and the change in place
`,
    );
  });

  it("leaves all but its module is a failure", { timeout: 120_000 }, async () => {
    const host = await bed.host("no-module", "turingLegacy", {
      kind: { faults: { installer: "no-module" } },
    });
    expect(await failureOf(host)).toContain("module nvidia on disk: none");
    await expectHealed(host);
  });

  it("is killed half way is a failure, and its half is made whole by the next run", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("die", "turingLegacy", { kind: { faults: { installer: "die" } } });
    expect(await failureOf(host)).toContain("module nvidia on disk: none");
    await expectHealed(host);
  });

  it("fails once says why, and is run again by the next run", { timeout: 120_000 }, async () => {
    const host = await bed.host("once", "turingLegacy", { kind: { faults: { installer: "fail-once" } } });
    expect(await failureOf(host)).toContain("Building the kernel modules failed");
    await runUp(programOf(host), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
  });

  it("hangs past its deadline is given up, and a second run says what holds the host", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("hang", "turingLegacy", { kind: { faults: { installer: "hang" } } });
    const request = { task: "up", program: programOf(host), statePath: host.statePath } as const;
    const run = startRun(request);
    const commandsNamed = async (name: string) =>
      (await host.machine.commands()).filter((command) => command.name === `pulumi-vgpu:${name}`);
    await until("the job is polled", async () => (await commandsNamed("poll-job")).length > 1, 60_000);
    run.moveClock(31 * 60_000);
    const { error } = await run.ended;
    expect(error).toMatch(/VGPU_TIMEOUT .*install-driver did not end within 1800 s/);
    expect(error).toMatch(/Next: run again: the job goes on meanwhile/);
    await host.machine.resetCounters();
    const second = startRun(request);
    await until(
      "the holder is told",
      async () => ((await commandsNamed("hold-lock")).at(-1)?.bytesOut ?? 0) > announcementBytes,
      60_000,
    );
    await until("the second run gives up", async () => {
      second.moveClock(31 * 60_000);
      const soon = new Promise<false>((wake) => setTimeout(wake, 300, false));
      return Promise.race([second.ended.then(() => true), soon]);
    });
    expect((await second.ended).error).toMatch(
      /VGPU_LOCKED .*a script is still changing this machine\nSaw: held by fleet\/test\/gpu-host: job install-/,
    );
    await host.machine.restart("power-loss");
    await expectHealed(host);
  });
});

describe.concurrent("virtual functions that", () => {
  /** Waiting on such a host takes no time. */
  const impatient = async (host: HostBed) => {
    await host.machine.writeFile("/usr/local/bin/sleep", impatientSleep, 0o755);
  };

  it("do not appear are a failure, told with what sriov-manage said", { timeout: 300_000 }, async () => {
    const host = await bed.host("no-vfs", "adaVendorVfio", { kind: { faults: { vfsNeverAppear: true } } });
    await impatient(host);
    const error = await failureOf(host);
    expect(error).toMatch(/^VGPU_STEP_FAILED gpu-host: enable-vfs failed\n/);
    expect(error).toContain("0 of 16 virtual functions with a driver after 90 s; sriov-manage said:");
    await host.machine.model("setFaults", { vfsNeverAppear: false });
    await runUp(host.program(vgpusOf("A2-4Q", 1)), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q"]);
  });

  it("are missing although sriov-manage exits 0 are a failure", { timeout: 300_000 }, async () => {
    const host = await bed.host("silent-sriov", "adaVendorVfio", { kind: { faults: { silentSriov: 1 } } });
    await impatient(host);
    expect(await failureOf(host)).toContain("0 of 16 virtual functions with a driver");
    await runUp(host.program(vgpusOf("A2-4Q", 1)), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q"]);
  });

  it("cannot be made for a moment are waited for", { timeout: 120_000 }, async () => {
    const faults = { unbindLock: 3, vfIntervalMs: 40 };
    const host = await bed.host("unbind-lock", "adaVendorVfio", { kind: { faults } });
    await runUp(host.program(vgpusOf("A2-4Q", 1)), host.statePath);
    expect((await gpuOf(host.machine)).virtualFunctions).toBe(16);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q"]);
  });

  it("carry no types because nvidia-vgpud failed are told, and come by a run after it is mended", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("vgpud", "adaVendorVfio", { kind: { faults: { failVgpud: 2 } } });
    const error = await failureOf(host);
    expect(error).toContain(
      "the GPU offers no vGPU types\nSaw: its virtual functions offer no creatable type now",
    );
    await host.machine.model("setFaults", { failVgpud: 0 });
    await host.machine.shell("systemctl start nvidia-vgpud");
    await runUp(host.program(vgpusOf("A2-4Q", 1)), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q"]);
  });
});
