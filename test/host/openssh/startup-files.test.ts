import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { type Room, type RoomAccount, roomless, startRoom } from "./debian-room.js";

/** Whoever runs it as a command leaves a file behind. */
const password = "touch /tmp/ran-it horse";
const free = (name: string) => ({ name, shell: "/bin/bash", sudoers: [`${name} ALL=(root) NOPASSWD: ALL`] });
const asked = (name: string, ...more: readonly string[]) => ({
  name,
  shell: "/bin/bash",
  password,
  sudoers: [`${name} ALL=(root) ALL`, ...more],
});
const accounts: readonly RoomAccount[] = [
  { ...free("reads"), files: { ".bashrc": "read -r -t 0.3 first\n" } },
  { ...asked("reads-asked"), files: { ".bashrc": "read -r -t 0.3 first\n" } },
  { ...asked("other-shell"), files: { ".bashrc": "exec bash\n" } },
  { ...free("ends"), files: { ".bashrc": "set -e; false\n" } },
  { ...free("no-program"), files: { ".bashrc": "exec tmux\n" } },
  { ...asked("errors-away"), sshd: ['ForceCommand /bin/sh -c "$SSH_ORIGINAL_COMMAND" 2>/dev/null'] },
];

const missing = roomless();
if (missing !== undefined && process.env.CI === "true") throw new Error(`no room for OpenSSH: ${missing}`);

describe.skipIf(missing !== undefined)("what runs before our script on Debian's OpenSSH", () => {
  let room: Room;
  beforeAll(async () => {
    room = await startRoom(accounts);
  }, 300_000);
  afterEach(() => closeAllSessions());
  afterAll(() => room?.stop());

  const session = (user: string, more: Partial<Connection> = {}) => {
    const { port, hostKey, privateKey } = room;
    return sessionFor({ host: "127.0.0.1", port, hostKey, privateKey, user, ...more });
  };
  const script = { name: "try-thing", text: "id -u; cat" };
  const answer = (user: string, more: Partial<Connection> = {}, stdin = "line 1\nline 2\n") =>
    session(user, more)
      .exec({ script, stdin })
      .then(
        ({ stdout }) => stdout,
        (error: Error) => error.message,
      );

  it.each([
    ["reads", {}],
    ["reads-asked", { sudoPassword: password }],
  ])("that reads standard input gets nothing of the script's: %s", async (user, more) => {
    expect(await answer(user, more)).toBe("0\nline 1\nline 2\n");
  });

  it("that starts another shell gives it no password, which it would run as a command", {
    timeout: 120_000,
  }, async () => {
    const text = await answer("other-shell", { sudoPassword: password }, "");
    expect(text).toMatch(/^VGPU_ACCOUNT .*: other-shell logs in, and its login shell ran nothing\n/);
    expect(text).toContain("its startup files end or start (.bashrc: exit, exec)");
    expect(text).not.toMatch(/touch|horse|ran-it/);
    const there = { name: "look-for-file", text: "ls /tmp" };
    expect((await session("root").exec({ script: there })).stdout).not.toContain("ran-it");
  });

  it("and throws standard error away hinders no password for sudo", async () => {
    expect(await answer("errors-away", { sudoPassword: password })).toBe("0\nline 1\nline 2\n");
  });

  it("that ends the shell is named as what may have ended it", async () => {
    expect(await answer("ends", {}, "")).toMatch(
      /^VGPU_ACCOUNT .*ran nothing\n[\s\S]*\nNext: .*startup files end or start/,
    );
  });

  it("that starts a program which is not there is shown, and named in the advice", async () => {
    expect(await answer("no-program", {}, "")).toMatch(
      /\nSaw: exit code 127: .*\.bashrc: line 1: exec: tmux: not found [\s\S]*\nNext: .*its startup files/,
    );
  });
});
