import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { transportScript } from "../../../provider/transport/command/remote-script.js";
import { runJob } from "../../../provider/transport/job.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { type Room, type RoomAccount, roomless, startRoom } from "./debian-room.js";

const free = (name: string) => ({ name, sudoers: [`${name} ALL=(root) NOPASSWD: ALL`] });
const rust = { sshd: ["SetEnv PATH=/usr/lib/cargo/bin:/usr/bin:/bin"] };
const wrapper = `#!/bin/sh
printf 'vgpu-begin- without a line end'
/bin/sh -c "$SSH_ORIGINAL_COMMAND"
printf 'vgpu-end- 0\\nBye\\n'
exit 0
`;

/** Each prints whenever it starts, as its startup files make it. */
const shells: readonly RoomAccount[] = [
  { ...free("dash-user"), shell: "/bin/dash" },
  {
    ...free("bash-user"),
    shell: "/bin/bash",
    files: { ".bashrc": "echo Welcome to gpu-01; echo aside >&2\n" },
  },
  { ...free("bash-no-end"), shell: "/bin/bash", files: { ".bashrc": "printf 'no line end'\n" } },
  { ...free("bash-trap"), shell: "/bin/bash", files: { ".bashrc": "set -v; trap 'echo left' EXIT\n" } },
  {
    ...free("zsh-user"),
    shell: "/usr/bin/zsh",
    files: { ".zshenv": "print Welcome; setopt interactivecomments\n" },
  },
  {
    ...free("tcsh-user"),
    shell: "/usr/bin/tcsh",
    files: { ".tcshrc": "echo Welcome\nset backslash_quote\n" },
  },
  { ...free("csh-user"), shell: "/usr/bin/bsd-csh", files: { ".cshrc": "echo Welcome\n" } },
  { ...free("fish-user"), shell: "/usr/bin/fish", files: { ".config/fish/config.fish": "echo Welcome\n" } },
  { ...free("rc-user"), shell: "/usr/bin/rc.byron" },
  { ...free("busybox-user"), shell: "/usr/bin/ash" },
  { ...free("wrapped"), shell: "/bin/bash", sshd: ["ForceCommand /usr/local/bin/wrapped"] },
];
const accounts: readonly RoomAccount[] = [
  { name: "nologin-user", shell: "/usr/sbin/nologin" },
  { name: "false-user", shell: "/bin/false" },
  { name: "rbash-user", shell: "/usr/bin/rbash" },
  { name: "sftp-user", shell: "/bin/bash", sshd: ["ForceCommand internal-sftp"] },
  { name: "new-password", shell: "/bin/bash", age: "-d 0" },
  { name: "no-shell", shell: "/bin/bash", sshd: ["ForceCommand /nowhere/wrapper"] },
  { name: "closed", shell: "/bin/bash", sshd: ["MaxSessions 0"] },
];
const password = "correct horse battery";
const sudoers: readonly RoomAccount[] = [
  { name: "asked", shell: "/bin/bash", password, sudoers: ["asked ALL=(root) ALL"] },
  { name: "rs-asked", shell: "/usr/bin/tcsh", password, sudoers: ["rs-asked ALL=(root) ALL"], ...rust },
  { ...free("rs-free"), shell: "/bin/bash", ...rust },
  { name: "stranger", shell: "/bin/bash", password },
  { name: "rs-stranger", shell: "/bin/bash", password, ...rust },
  {
    name: "tty-user",
    shell: "/bin/bash",
    sudoers: ["Defaults:tty-user requiretty", ...free("tty-user").sudoers],
  },
  { ...free("one-session"), shell: "/bin/bash", sshd: ["MaxSessions 1"] },
  { ...free("two-sessions"), shell: "/bin/bash", sshd: ["MaxSessions 2"] },
];

const missing = roomless();
if (missing !== undefined && process.env.CI === "true") throw new Error(`no room for OpenSSH: ${missing}`);

describe.skipIf(missing !== undefined)("an account of Debian's OpenSSH", () => {
  let room: Room;
  const local = mkdtempSync(join(tmpdir(), "vgpu-upload-"));
  beforeAll(async () => {
    room = await startRoom([...shells, ...accounts, ...sudoers], { "usr/local/bin/wrapped": wrapper });
  }, 300_000);
  afterEach(() => closeAllSessions());
  afterAll(async () => {
    await room?.stop();
    rmSync(local, { recursive: true });
  });

  const session = (user: string, more: Partial<Connection> = {}) => {
    const { port, hostKey, privateKey } = room;
    return sessionFor({ host: "127.0.0.1", port, hostKey, privateKey, user, ...more });
  };
  const values = ["it's", "!!", "a\nb\n", "$(id) `id`", "\\", "\\n\\\\", "ü€", "", "-n", "#*?~", "\t\u0001"];
  const echo = { name: "try-thing", text: `# it's\nid -u; printf '%s|' "$@"; cat; echo err >&2; exit 3` };

  let uploads = 0;
  /** Everything of which an answer is read. */
  const everything = async (user: string, more: Partial<Connection> = {}) => {
    const one = session(user, more);
    const look = await one.exec({ script: echo, args: values, stdin: "in 'put'\n!$x" });
    const content = `package of ${user}`;
    writeFileSync(join(local, user), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file = { path: join(local, user), remotePath: `/var/lib/up/of-${user}/file-${uploads++}`, sha256 };
    const sent: number[] = [];
    const onProgress = (done: number) => sent.push(done);
    const changed = await withLock(one, "stack dev", async () => {
      await one.upload({ ...file, onProgress });
      await one.upload({ ...file, onProgress });
      const job = await runJob(one, {
        id: `job-${user}-${uploads}`,
        script: { name: "work", text: 'echo "worked $1"; exit 5' },
        args: ["it's"],
        deadlineMs: 30_000,
      });
      const change = await one.change({
        script: { name: "try-change", text: 'cat; sha256sum < "$1"' },
        args: [file.remotePath],
        stdin: "changed\n",
      });
      return { job, change: change.stdout };
    });
    const boot = await one.exec({ script: transportScript("read-boot-id") });
    expect(boot.stdout).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n[0-9.]+ [0-9.]+\n$/);
    expect(look).toEqual({ code: 3, stdout: `0\n${values.join("|")}|in 'put'\n!$x`, stderr: "err\n" });
    expect(sent).toEqual([content.length]);
    expect(changed).toEqual({
      job: { code: 5, output: "worked it's\n" },
      change: `changed\n${sha256}  -\n`,
    });
  };
  const refusal = async (user: string, more: Partial<Connection> = {}) => {
    const error = await session(user, more)
      .exec({ script: echo })
      .catch((reason: Error) => reason);
    return String((error as Error).message).replaceAll(String(room.port), "22");
  };

  it.each(["root", ...shells.map(({ name }) => name)])(
    "answers each kind of question whatever its login shell is and prints: %s",
    { timeout: 120_000 },
    (user) => everything(user),
  );

  it.each([
    ["nologin-user", "its shell is nologin", "exit code 1: This account is currently not available."],
    ["false-user", "its login shell ran nothing", "exit code 1: no output"],
    ["rbash-user", "its shell is a restricted one", "exit code 1: rbash: line 1: exec: restricted"],
    ["sftp-user", "may only transfer files", "exit code 1: This service allows sftp connections only."],
    [
      "new-password",
      "has to set a new password first",
      "exit code 1: WARNING: Your password has expired. | Password change required but no TTY available.",
    ],
    [
      "no-shell",
      "its login shell cannot start our command",
      "exit code 127: bash: line 1: /nowhere/wrapper: No such file or directory",
    ],
  ])("that runs nothing of ours is named: %s", async (user, cause, saw) => {
    const text = await refusal(user);
    expect(text.split("\n").slice(0, 3)).toEqual([
      `VGPU_ACCOUNT ${user}@127.0.0.1:22: ${user} logs in, and ${cause}`,
      `Saw: ${saw} (login shell of ${user}, in place of try-thing)`,
      "Expected: an account whose login shell runs /bin/sh -c",
    ]);
  });

  it("for which sshd opens no session is named, with MaxSessions", { timeout: 60_000 }, async () => {
    expect(await refusal("closed")).toMatch(
      /^VGPU_ACCOUNT .*: closed logs in, and sshd opens no session\n[\s\S]*MaxSessions/,
    );
  });

  it.each(["asked", "rs-asked", "rs-free", "bash-user"])(
    "becomes root with a password for sudo, and sudo leaves the input to the script: %s",
    { timeout: 120_000 },
    (user) => everything(user, { sudoPassword: password }),
  );

  it("becomes root by sudo-rs without a password", { timeout: 120_000 }, () => everything("rs-free"));

  it.each([
    ["asked", { sudoPassword: "wrong horse" }, /Sorry, try again/, "correct connection.sudoPassword"],
    [
      "rs-asked",
      { sudoPassword: "wrong horse" },
      /incorrect authentication/,
      "correct connection.sudoPassword",
    ],
    [
      "asked",
      {},
      /sudo: a password is required \(sudo -n\)/,
      /^set connection.sudoPassword, log in as root, or add/,
    ],
    ["rs-asked", {}, /sudo-rs: .*\(sudo -n\)/, /^set connection.sudoPassword, log in as root, or add/],
    [
      "stranger",
      { sudoPassword: password },
      /stranger is not in the sudoers file/,
      /^add "stranger ALL=\(root\) ALL"/,
    ],
    [
      "rs-stranger",
      {},
      /I'm sorry rs-stranger. I'm afraid I can't do that/,
      /^add "rs-stranger ALL=\(root\) ALL"/,
    ],
    [
      "tty-user",
      {},
      /sudo: sorry, you must have a tty to run sudo/,
      'add the line "Defaults:tty-user !requiretty" to /etc/sudoers.d on the machine (visudo), or log in as root',
    ],
  ])(
    "that sudo refuses is told what to change: %s %o",
    { timeout: 60_000 },
    async (user, more, saw, next) => {
      const text = await refusal(user, more);
      expect(text).toMatch(new RegExp(`^VGPU_NO_SUDO ${user}@127.0.0.1:22: ${user} may not become root\n`));
      expect(/^Saw: (.*)$/m.exec(text)?.[1]).toMatch(saw);
      expect(/^Next: (.*)$/m.exec(text)?.[1]).toMatch(next);
      expect(text).not.toContain("wrong horse");
    },
  );

  it.each([
    ["one-session", 2],
    ["two-sessions", 1],
  ])(
    "with few sessions a connection is worked on under the lock: %s",
    { timeout: 120_000 },
    async (user, connections) => {
      await everything(user);
      expect(session(user).counters().connections).toBe(connections);
    },
  );
});
