import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

let machine: SshFixture;
/** What the process does each 10 s of work. */
let beats: (() => void)[];

beforeEach(async () => {
  beats = [];
  const { setInterval: start } = globalThis;
  vi.spyOn(globalThis, "setInterval").mockImplementation(((work: () => void, everyMs?: number) => {
    if (everyMs === 10_000) beats.push(work);
    return start(work, everyMs);
  }) as typeof setInterval);
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await closeAllSessions();
  await machine.stop();
});

const slow = {
  name: "slow-thing",
  text: 'echo begun >> "$1"; until [ -e "$1.end" ] || [ ! -e "$1" ]; do sleep 0.02; done; echo ended',
};
const begun = () => machine.commands.some((command) => command.includes("begun"));

describe("a connection on which a command is at work", () => {
  it("is given up when the machine answered no sign of life for three times 10 s", async () => {
    const session = sessionFor(machine.connection());
    const lost = session.exec({ script: slow, args: [`${machine.root}/slow`] }).catch(String);
    await until(begun);
    machine.loseClients();
    expect(beats.length).toBeGreaterThan(0);
    for (let times = 0; times < 3; times++) beats.at(-1)?.();
    expect(await lost).toContain(
      `VGPU_UNREACHABLE root@127.0.0.1:${machine.port}: the connection was lost during slow-thing`,
    );
  });

  it("is kept while the machine answers", async () => {
    const session = sessionFor(machine.connection());
    const done = session.exec({ script: slow, args: [`${machine.root}/slow`] });
    await until(begun);
    for (let times = 0; times < 6; times++) {
      beats.at(-1)?.();
      // The machine answers in order: when this is back the sign of life is, too.
      await session.exec({ script: { name: "look", text: "true" } });
    }
    await session.exec({ script: { name: "end", text: ': > "$1.end"' }, args: [`${machine.root}/slow`] });
    expect((await done).stdout).toBe("ended\n");
    expect(machine.connections).toBe(1);
  });
});
