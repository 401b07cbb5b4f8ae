import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  { ...free("joined"), sshd: ['ForceCommand /bin/sh -c "$SSH_ORIGINAL_COMMAND" 2>&1'] },
  { ...asked("expired"), age: "-E 0" },
  { ...asked("some"), sudoers: ["some ALL=(root) NOPASSWD: /usr/bin/nvidia-smi"] },
  asked("terminal", "Defaults:terminal use_pty, lecture=always, badpass_message=No"),
  asked("prompted", 'Defaults:prompted passprompt_override, passprompt="Kennwort: ", badpass_message=Nein'),
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

  it("and joins standard error with standard output is refused in full", async () => {
    expect((await answer("joined")).replace(String(room.port), "22")).toBe(
      [
        "VGPU_ACCOUNT joined@127.0.0.1:22: joined logs in, and standard error comes as standard output",
        "Saw: what try-thing wrote to the one stands in the other (login shell of joined)",
        "Expected: a login that keeps the two outputs of a command apart",
        "Next: look at ForceCommand in sshd_config on the machine and at the startup files of the account for what joins them (2>&1, script), or use another account",
        "Now: try-thing has run, and its answer is not read",
      ].join("\n"),
    );
  });

  it.each(["builtin", "openssh"] as const)(
    "is nothing for an account that has expired: that is told at the first login, by the way of %s",
    async (transport) => {
      const folder = mkdtempSync(join(tmpdir(), "vgpu-key-"));
      const privateKeyPath = join(folder, "key");
      writeFileSync(privateKeyPath, room.privateKey, { mode: 0o600 });
      const { port, hostKey } = room;
      const expired = sessionFor({
        host: "127.0.0.1",
        port,
        hostKey,
        privateKeyPath,
        transport,
        user: "expired",
      });
      const text = await expired.exec({ script }).catch((error: Error) => error.message);
      rmSync(folder, { recursive: true });
      expect(String(text).replace(String(port), "22")).toBe(
        [
          "VGPU_LOGIN expired@127.0.0.1:22: cannot log in as expired: the machine hangs up",
          "Saw: Your account has expired; please contact your system administrator. (SSH login)",
          "Expected: an account that may log in",
          "Next: renew the account on the machine (chage -E -1 expired), or use another one",
        ].join("\n"),
      );
    },
  );

  it("is not shown where sudo names the command that it does not run", async () => {
    const text = await answer("some", { sudoPassword: password });
    expect(text).toContain(
      "\nSaw: Sorry, user some is not allowed to execute '/bin/sh -c …' as root on localhost. (sudo -S)\n",
    );
    expect(text).toContain('\nNext: add "some ALL=(root) ALL" to /etc/sudoers.d');
  });

  it.each(["terminal", "prompted"])(
    "may be a sudo with words and prompts of its own, whose wrong password is told as that: %s",
    async (user) => {
      expect(await answer(user, { sudoPassword: password })).toBe("0\nline 1\nline 2\n");
      await closeAllSessions();
      const text = await answer(user, { sudoPassword: "wrong horse" });
      expect(text).toContain(
        `\nNext: correct connection.sudoPassword: the password of ${user}, or of root where sudoers says rootpw or targetpw`,
      );
      expect(text).not.toContain("wrong horse");
    },
  );

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
