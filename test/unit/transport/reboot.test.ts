import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VgpuError } from "../../../provider/model/errors.js";
import { withLock } from "../../../provider/transport/lock.js";
import { type RebootGuard, type RebootOptions, rebootAndWait } from "../../../provider/transport/reboot.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

/** Nothing that the reboot would end. */
const guard: RebootGuard = {
  text: "look_at_processes() { vms= unread=; }\n",
  refusal: (printed) => {
    throw new Error(`not asked for: ${printed}`);
  },
};

describe("rebootAndWait", () => {
  let machine: SshFixture;
  let port: number;
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
    port = machine.port;
    machine.bootCommand(`touch ${machine.root}/asked`);
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });
  const here = () => sessionFor(machine.connection());
  const reboot = (options: Omit<RebootOptions, "guard"> & { readonly guard?: RebootGuard }) =>
    withLock(here(), "stack dev", () => rebootAndWait(here(), { guard, ...options }));
  const rebootWhenAsked = async () => {
    await until(() => machine.has("asked"));
    await machine.powerOff();
    machine.bootId = "boot-2";
    await machine.start(port);
  };

  it("returns the new boot's id when the machine is back, over a second connection", async () => {
    const waits: number[] = [];
    const asked = rebootWhenAsked();
    const options = {
      bootId: "boot-1",
      deadlineMs: 15_000,
      onWait: (elapsedMs: number) => waits.push(elapsedMs),
    };
    expect(await reboot(options)).toEqual({ bootId: "boot-2" });
    await asked;
    expect(here().counters().connections).toBe(2);
    expect(waits.length).toBeGreaterThan(0);
  });

  it("takes the lock of the machine anew", async () => {
    const asked = rebootWhenAsked();
    await reboot({ bootId: "boot-1", deadlineMs: 15_000 });
    await asked;
    const order = machine.commands.map((command) => /pulumi-vgpu:([a-z-]+)/.exec(command)?.[1]);
    expect(order.filter((name) => name === "hold-lock")).toHaveLength(2);
    expect(order.at(-1)).toBe("hold-lock");
  });

  it("bears that a machine that starts refuses logins for a while", async () => {
    const asked = (async () => {
      await until(() => machine.has("asked"));
      const { userKey } = machine;
      await machine.powerOff();
      machine.bootId = "boot-2";
      machine.refuseLogins = true;
      await machine.start(port);
      await until(() => machine.logins.length > 2);
      machine.refuseLogins = false;
      return userKey;
    })();
    expect(await reboot({ bootId: "boot-1", deadlineMs: 15_000 })).toEqual({
      bootId: "boot-2",
    });
    await asked;
  });

  it("asks again when the script that should reboot went with its connection", async () => {
    machine.cut.push("pulumi-vgpu:reboot-machine");
    const onceEnded = `look_at_processes() { vms= unread=; if mkdir ${machine.root}/cut; then kill -9 $$; fi; }\n`;
    const asked = rebootWhenAsked();
    const options = { bootId: "boot-1", guard: { ...guard, text: onceEnded }, deadlineMs: 15_000 };
    expect(await reboot(options)).toEqual({ bootId: "boot-2" });
    await asked;
    expect(machine.has("cut")).toBe(true);
  });

  it("does not reboot a machine again that has rebooted while it was asked again", async () => {
    machine.cut.push("pulumi-vgpu:reboot-machine");
    const text = `look_at_processes() { vms= unread=; if mkdir ${machine.root}/cut; then kill -9 $$; fi; touch ${machine.root}/again; }\n`;
    const takings = () => machine.commands.filter((command) => command.includes("pulumi-vgpu:hold-lock"));
    // The lock is waited for until the machine goes down, and is had in its next boot.
    Object.defineProperty(machine, "bootId", { get: () => (takings().length > 1 ? "boot-2" : "boot-1") });
    const options = { bootId: "boot-1", guard: { ...guard, text }, deadlineMs: 15_000 };
    expect(await reboot(options)).toEqual({ bootId: "boot-2" });
    const asked = machine.commands.filter((command) => command.includes("pulumi-vgpu:reboot-machine"));
    expect(asked).toHaveLength(2);
    expect(machine.has("again")).toBe(false);
  });

  it("takes a refusal of an earlier run for none of its own", async () => {
    mkdirSync(`${machine.root}/run/pulumi-vgpu`);
    machine.cut.push("pulumi-vgpu:reboot-machine");
    const text = `look_at_processes() { vms= unread=; if mkdir ${machine.root}/cut; then kill -9 $$; fi; }\n`;
    writeFileSync(`${machine.root}/run/pulumi-vgpu/reboot-refused`, "inhibited by backup\n");
    const asked = rebootWhenAsked();
    const options = { bootId: "boot-1", guard: { ...guard, text }, deadlineMs: 15_000 };
    expect(await reboot(options)).toEqual({ bootId: "boot-2" });
    await asked;
  });

  it("fails at once with the reason when the machine refuses to reboot", async () => {
    machine.bootCommand("echo 'Operation inhibited by backup' >&2; exit 1");
    const error = (await reboot({ bootId: "boot-1", deadlineMs: 15_000 }).catch((e) => e)) as Error;
    expect(error.message).toMatch(
      /VGPU_STEP_FAILED .*: the machine does not reboot\nSaw: .*Operation inhibited by backup.* \(systemctl reboot\)\nExpected: a reboot\nNext: /,
    );
  });

  it("does not reboot where its guard sees a VM, or could not finish its look", async () => {
    for (const seen of ["vms=' 7' unread=", "vms= unread=cut"]) {
      const refusal = (printed: string) =>
        new VgpuError({
          code: "VGPU_IN_USE",
          where: "x",
          what: "kept",
          saw: printed.trim(),
          expected: "none",
          next: "wait",
        });
      const text = `look_at_processes() { ${seen}; echo seen; }\n`;
      const options = { bootId: "boot-1", guard: { text, refusal }, deadlineMs: 15_000 };
      await expect(reboot(options)).rejects.toThrow("VGPU_IN_USE x: kept\nSaw: seen");
    }
    expect(machine.has("asked")).toBe(false);
  });

  it("fails at its deadline when the machine stays as it is", async () => {
    const error = (await reboot({ bootId: "boot-1", deadlineMs: 6000 }).catch((e) => e)) as Error;
    expect(error.message).toBe(
      [
        `VGPU_TIMEOUT root@127.0.0.1:${port}: the machine did not come back within 6 s`,
        "Saw: still boot boot-1",
        "Expected: an answer from a new boot",
        "Next: look at the machine's console, then run again",
        "Now: the machine was told to reboot",
      ].join("\n"),
    );
  });
});
