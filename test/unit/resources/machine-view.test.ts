import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostView } from "../../../provider/resources/machine-view.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "../transport/ssh-fixture.js";

let machine: SshFixture;
beforeEach(async () => {
  machine = new SshFixture();
  await machine.startAsHost();
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
});

describe("a look under the lock", () => {
  it("is made, and is the newest, when another run had the lock while the connection was gone", async () => {
    const view = hostView(machine.connection());
    const elsewhere = sessionFor(machine.connection({ host: "localhost" }));
    const looks = () => machine.commands.filter((text) => text.includes("pulumi-vgpu:observe-host")).length;
    await withLock(view.session, "first", async () => {
      await view.current();
      machine.cutConnections();
      await withLock(elsewhere, "second", async () => {});
      expect((await view.observe()).bootId).toBe("boot-1");
      expect(looks()).toBe(2);
      expect((await view.current()).bootId).toBe("boot-1");
      expect(await view.facts()).toBe(await view.current());
    });
  });

  it("is made anew where the lock was lost while it was kept for more work, and is not where it was kept", async () => {
    const view = hostView(machine.connection());
    const request = { who: "first", keptFor: () => new Promise<void>(() => {}) };
    const looks = () => machine.commands.filter((text) => text.includes("pulumi-vgpu:observe-host")).length;
    const first = await withLock(view.session, request, () => view.current());
    expect(await withLock(view.session, request, () => view.current())).toBe(first);
    machine.cutConnections();
    await withLock(sessionFor(machine.connection({ host: "localhost" })), "second", async () => {});
    expect(await withLock(view.session, request, () => view.current())).not.toBe(first);
    expect(looks()).toBe(2);
  });

  it("is made anew by whoever comes next when the last one failed", async () => {
    const view = hostView(machine.connection());
    await withLock(view.session, "first", async () => {
      await view.current();
      machine.standIn("uname", "#!/bin/sh\nkill -9 $PPID\n");
      await expect(view.observe()).rejects.toThrow("VGPU_PROTOCOL");
      rmSync(join(machine.root, "bin/uname"));
      expect((await view.current()).bootId).toBe("boot-1");
    });
  });
});

describe("what was seen of a machine", () => {
  it("is at hand while somebody looks again, and is not when that fails", async () => {
    const view = hostView(machine.connection());
    const first = await view.facts();
    const again = view.observe();
    expect(await view.facts()).toBe(first);
    const second = await again;
    expect(second).not.toBe(first);
    expect(await view.facts()).toBe(second);
    machine.standIn("uname", "#!/bin/sh\nkill -9 $PPID\n");
    await expect(view.observe()).rejects.toThrow("VGPU_PROTOCOL");
    await expect(view.facts()).rejects.toThrow("VGPU_PROTOCOL");
  });
});
