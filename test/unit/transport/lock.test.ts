import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isPlanOutdated } from "../../../provider/transport/lock/lock-failures.js";
import { withLock } from "../../../provider/transport/lock.js";
import {
  closeAllSessions,
  type Session,
  type SessionOptions,
  sessionFor,
} from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

describe("withLock", () => {
  let machine: SshFixture;
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });
  const here = () => sessionFor(machine.connection());
  /** Another name of the machine is another connection, as another process would have. */
  const elsewhere = (options?: SessionOptions) =>
    sessionFor(machine.connection({ host: "localhost" }), options);
  const echo = (session: Session, word = "x") =>
    session.exec({ script: { name: "say-word", text: `echo ${word}` } });
  const locks = () => machine.commands.filter((command) => command.includes("pulumi-vgpu:hold-lock")).length;
  const gate = () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { open, opened };
  };

  it("runs the works of one process one after the other, in order, under one lock", async () => {
    const events: string[] = [];
    const work = (name: string) =>
      withLock(here(), "stack dev", async () => {
        events.push(`${name} begins`);
        await echo(here());
        events.push(`${name} ends`);
        return name;
      });
    expect(await Promise.all([work("a"), work("b"), work("c")])).toEqual(["a", "b", "c"]);
    expect(events).toEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(locks()).toBe(1);
  });

  it("keeps the lock after the work for more that may come, and lets it go then", async () => {
    const { open, opened } = gate();
    const request = { who: "stack dev", keptFor: () => opened };
    await withLock(here(), request, async () => {});
    let isIn = false;
    const other = withLock(elsewhere(), "second", async () => {
      isIn = true;
    });
    await until(() => machine.commands.filter((text) => text.includes("hold-lock")).length === 2);
    await withLock(here(), request, () => echo(here()));
    expect(locks()).toBe(2);
    expect(isIn).toBe(false);
    open();
    await other;
  });

  it("lets another run have it after a minute, whatever may come", async () => {
    const request = { who: "stack dev", keptFor: () => new Promise<void>(() => {}) };
    const began = performance.now();
    await withLock(here(), request, async () => {});
    const other = withLock(elsewhere(), "second", async () => "in");
    await until(() => locks() === 2);
    vi.spyOn(performance, "now").mockReturnValue(began + 90_000);
    await withLock(here(), request, async () => {}).finally(() => vi.restoreAllMocks());
    expect(await other).toBe("in");
  });

  it("goes on to the next work when one fails", async () => {
    const failing = withLock(here(), "stack dev", () => Promise.reject(new Error("no")));
    const next = withLock(here(), "stack dev", async () => "next");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("next");
  });

  it("runs at once inside work that holds it", async () => {
    const inner = withLock(here(), "outer", () => withLock(here(), "inner", async () => "in"));
    expect(await inner).toBe("in");
    expect(locks()).toBe(1);
  });

  it("makes another run wait, and lets it in when the first is done", async () => {
    const { open, opened } = gate();
    const held = gate();
    const events: string[] = [];
    const first = withLock(here(), "first", async () => {
      held.open();
      await opened;
      events.push("first ends");
    });
    await held.opened;
    const second = withLock(elsewhere(), "second", async () => events.push("second begins"));
    await until(() => locks() === 2);
    open();
    await Promise.all([first, second]);
    expect(events).toEqual(["first ends", "second begins"]);
  });

  it("names who holds it when the other run does not end in time", async () => {
    const { open, opened } = gate();
    const held = gate();
    const first = withLock(here(), "stack dev of project infra on desk", () => {
      held.open();
      return opened;
    });
    await held.opened;
    const error = await withLock(elsewhere({ lockDeadlineMs: 1500 }), "second", async () => {}).catch(
      (e: Error) => e,
    );
    const message = (error as Error).message
      .replace(/process \d+/g, "process N")
      .replace(/kill \d+/, "kill N")
      .replace(/for [\d.]+ s/, "for S")
      .replace(/waited [\d.]+ s/, "waited S");
    expect(message).toBe(
      [
        `VGPU_LOCKED root@localhost:${machine.port}: another run is changing this machine`,
        "Saw: held by stack dev of project infra on desk, process N, for S; waited S (/run/pulumi-vgpu/run.lock)",
        "Expected: the end of that run",
        "Next: run again when it has ended; if it is gone for good, end its process on the machine: kill N",
      ].join("\n"),
    );
    open();
    await first;
  });

  it("refuses at once all who waited in the queue behind one that was refused", async () => {
    const { open, opened } = gate();
    const held = gate();
    const first = withLock(here(), "first", () => {
      held.open();
      return opened;
    });
    await held.opened;
    const session = elsewhere({ lockDeadlineMs: 500 });
    const refused = [1, 2, 3].map((n) =>
      withLock(session, `work ${n}`, async () => n).catch((e: Error) => e.message),
    );
    const messages = await Promise.all(refused);
    expect(messages[0]).toContain("VGPU_LOCKED");
    expect(messages).toEqual([messages[0], messages[0], messages[0]]);
    expect(locks()).toBe(2);
    open();
    await first;
    expect(await withLock(session, "later work", async () => "in")).toBe("in");
  });

  it("is free again when the connection of its holder goes", async () => {
    const { open, opened } = gate();
    const held = gate();
    const first = withLock(here(), "first", () => {
      held.open();
      return opened;
    });
    await held.opened;
    machine.cutConnections();
    expect(await withLock(elsewhere(), "second", async () => "in")).toBe("in");
    open();
    await first;
  });

  it("is taken anew before the next command when the connection went", async () => {
    await withLock(here(), "first", async () => {
      await echo(here());
      machine.cutConnections();
      await echo(here()).catch(() => echo(here()));
      expect(locks()).toBe(2);
    });
  });

  it("tells the work once that its plan is outdated when another run had it meanwhile, and is held then", async () => {
    await withLock(here(), "first", async () => {
      machine.cutConnections();
      await withLock(elsewhere(), "second", async () => {});
      const error = (await echo(here()).catch((e: Error) => e)) as Error;
      expect(isPlanOutdated(error)).toBe(true);
      expect(error.message).toMatch(
        /VGPU_LOCKED .* the lock was lost with the connection, and another run had it meanwhile/,
      );
      expect(error.message).toContain("Saw: a run of second, which began ");
      const before = locks();
      expect((await echo(here())).stdout).toBe("x\n");
      expect(locks()).toBe(before);
      const late = withLock(elsewhere({ lockDeadlineMs: 100 }), "late", async () => {});
      await expect(late).rejects.toThrow("another run is changing this machine\nSaw: held by first");
    });
    expect(await withLock(here(), "third", async () => (await echo(here())).stdout)).toBe("x\n");
  });

  it("needs flock on the machine and says so", async () => {
    machine.standIn(
      "sudo",
      `#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift 3\ntext=$1; shift\nexec /bin/sh -c "$(printf '%s' "$text" | sed 's/^export LC_ALL=C PATH=.*/export PATH=\\/nowhere/')" "$@"`,
    );
    const error = await withLock(
      sessionFor(machine.connection({ user: "admin" })),
      "me",
      async () => {},
    ).catch((e) => e);
    expect((error as Error).message).toBe(
      [
        `VGPU_PREREQUISITE admin@127.0.0.1:${machine.port}: cannot take the lock of this machine`,
        "Saw: exit code 69: flock: not found (hold-lock)",
        "Expected: the flock command",
        "Next: install util-linux on the machine",
      ].join("\n"),
    );
  });
});
