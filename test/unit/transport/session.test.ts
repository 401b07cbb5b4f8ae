import { spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { closeAllSessions, type ExecRequest, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

const script = (text: string, name = "try-thing") => ({ name, text });

describe("Session.exec", () => {
  let machine: SshFixture;
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });

  it("passes arguments and standard input unchanged, whatever characters they hold", async () => {
    const session = sessionFor(machine.connection());
    const values = [
      "it's",
      "a b",
      "$(touch /x)",
      "`id`",
      "\\",
      "back\\slash\\n",
      "*",
      "",
      "new\nline",
      "-n",
      'dou"ble',
      "ü€",
    ];
    const text = `for value; do printf '%s\\0' "$value"; done; cat`;
    const result = await session.exec({ script: script(text), args: values, stdin: "in 'put'\n$x" });
    expect(result).toEqual({ code: 0, stdout: `${values.join("\0")}\0in 'put'\n$x`, stderr: "" });
  });

  it("returns the exit code and both outputs of a command that fails", async () => {
    const session = sessionFor(machine.connection());
    const result = await session.exec({ script: script("echo out; echo err >&2; exit 7") });
    expect(result).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  it("sets the C locale and the administrator's PATH, and shows the script's name", async () => {
    const session = sessionFor(machine.connection());
    const { stdout } = await session.exec({ script: script('echo "$LC_ALL $PATH $0"', "read-thing") });
    expect(stdout).toBe(
      "C /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin pulumi-vgpu:read-thing\n",
    );
    expect(machine.commands[0]).toMatch(/^exec \/bin\/sh -c .* pulumi-vgpu:read-thing /);
  });

  it("uses one connection and at most 8 channels for many commands at once, each one round trip", async () => {
    const sessions = Array.from({ length: 30 }, () => sessionFor(machine.connection()));
    const answers = await Promise.all(
      sessions.map((session, index) =>
        session.exec({ script: script('sleep 0.05; echo "$1"'), args: [String(index)] }),
      ),
    );
    expect(answers.map(({ stdout }) => Number(stdout))).toEqual(sessions.map((_, index) => index));
    expect(machine.connections).toBe(1);
    expect(machine.mostChannels).toBe(8);
    expect(sessions[0]?.counters()).toEqual({ connections: 1, roundTrips: 30, maxChannels: 8 });
  });

  it("switches Nagle's algorithm off on the connection", async () => {
    const switched = vi.spyOn(Socket.prototype, "setNoDelay");
    await sessionFor(machine.connection()).exec({ script: script("true") });
    const sockets = switched.mock.contexts as Socket[];
    const ours = sockets.filter(
      (socket, index) => socket.remotePort === machine.port && switched.mock.calls[index]?.[0],
    );
    expect(ours).toHaveLength(1);
    switched.mockRestore();
  });

  it("lets the process end by itself between commands, and not during one", async () => {
    const program = [
      'const { sessionFor } = require("./provider/transport/session.ts");',
      `const session = sessionFor(${JSON.stringify(machine.connection())});`,
      'const script = { name: "try-thing", text: "sleep 0.3; echo answered" };',
      "session.exec({ script }).then(({ stdout }) => process.stdout.write(stdout));",
    ];
    const child = spawn(
      process.execPath,
      ["--require", "./tools/run-typescript.cjs", "-e", program.join("")],
      {
        cwd: resolve(__dirname, "../../.."),
        timeout: 15_000,
      },
    );
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    const [code] = await once(child, "close");
    expect({ code, output: String(Buffer.concat(output)) }).toEqual({ code: 0, output: "answered\n" });
  });

  it("keeps to fewer channels where the server allows fewer", async () => {
    machine.maxSessions = 3;
    const session = sessionFor(machine.connection());
    const request: ExecRequest = { script: script("sleep 0.05; echo done") };
    const answers = await Promise.all(Array.from({ length: 12 }, () => session.exec(request)));
    expect(answers.every(({ stdout }) => stdout === "done\n")).toBe(true);
    expect(machine.mostChannels).toBe(3);
    expect(machine.commands).toHaveLength(12);
  });

  it("tells that a command may have run when the connection goes, does not repeat it, and dials anew for the next", async () => {
    machine.cut.push("change-thing");
    const session = sessionFor(machine.connection());
    const text = `echo x >> "$1"`;
    const request = { script: script(text, "change-thing"), args: [`${machine.root}/changes`] };
    await expect(session.exec(request)).rejects.toMatchObject({
      code: "VGPU_UNREACHABLE",
      message: [
        `VGPU_UNREACHABLE root@127.0.0.1:${machine.port}: the connection was lost during change-thing`,
        "Saw: the channel closed without an exit code",
        "Expected: an answer of the command",
        "Next: run again: the machine is observed anew and the rest is done",
        "Now: change-thing may or may not have run",
      ].join("\n"),
    });
    const { stdout } = await session.exec({ script: script('cat "$1"'), args: request.args });
    expect(stdout).toBe("x\n");
    expect(session.counters().connections).toBe(2);
  });

  it("gives up a command at its deadline and says that it may still run", async () => {
    const session = sessionFor(machine.connection());
    const request = { script: script("echo waiting for x >&2; sleep 60", "wait-thing"), deadlineMs: 300 };
    await expect(session.exec(request)).rejects.toMatchObject({
      code: "VGPU_TIMEOUT",
      message: [
        `VGPU_TIMEOUT root@127.0.0.1:${machine.port}: wait-thing did not end within 0.3 s`,
        "Saw: waiting for x",
        "Expected: the end of wait-thing",
        "Next: look on the machine for what it waits for, then run again",
        "Now: wait-thing may still be running on the machine",
      ].join("\n"),
    });
  });

  it("returns 128 and the signal's number for a command that a signal ended", async () => {
    const { code } = await sessionFor(machine.connection()).exec({ script: script("kill -9 $$") });
    expect(code).toBe(137);
  });

  it("refuses a command that the kernel could not start for its length", async () => {
    const request = { script: script("true"), args: ["x".repeat(140_000)] };
    await expect(sessionFor(machine.connection()).exec(request)).rejects.toThrow(
      /pass its values on standard input/,
    );
  });

  it("reaches machines behind a bastion over one connection to it", async () => {
    const inner = [new SshFixture(), new SshFixture()];
    for (const one of inner) await one.start();
    machine.allowForward = true;
    const sessions = inner.map((one) => sessionFor(one.connection({ proxy: machine.connection() })));
    const answers = await Promise.all(
      sessions.map((session) => session.exec({ script: script("echo here") })),
    );
    expect(answers.map(({ stdout }) => stdout)).toEqual(["here\n", "here\n"]);
    expect(machine.connections).toBe(1);
    expect(inner.map(({ connections }) => connections)).toEqual([1, 1]);
    await closeAllSessions();
    for (const one of inner) await one.stop();
  });

  it("names the bastion when the machine behind it does not answer", async () => {
    machine.allowForward = true;
    const connection = { host: "127.0.0.1", port: 1, proxy: machine.connection() };
    const error = await sessionFor(connection, { deadlineMs: 500 })
      .exec({ script: script("true") })
      .catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: "VGPU_UNREACHABLE" });
    expect((error as Error).message).toContain(
      `an SSH server at 127.0.0.1:1 through root@127.0.0.1:${machine.port}`,
    );
  });
});

describe("sudo", () => {
  let machine: SshFixture;
  const sudo = (body: string) => machine.standIn("sudo", `#!/bin/sh\n${body}`);
  const asks = `password=; for option; do shift; case $option in --) break ;; -S) password=yes ;; esac; done
if [ -z "$password" ]; then echo "sudo: a password is required" >&2; exit 1; fi
IFS= read -r line; [ "$line" = "open sesame" ] || { echo "Sorry, try again." >&2; echo "sudo: 1 incorrect password attempt" >&2; exit 1; }
exec "$@"`;
  const asksNot = `for option; do shift; case $option in --) break ;; esac; done; exec "$@"`;
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });
  const run = (more: object) =>
    sessionFor(machine.connection({ user: "admin", ...more })).exec({
      script: script("cat; echo err >&2"),
      stdin: "line 1\nline 2",
    });

  it("runs the script through sudo -n for a user who is not root", async () => {
    sudo(asksNot);
    expect(await run({})).toEqual({ code: 0, stdout: "line 1\nline 2", stderr: "err\n" });
    expect(machine.commands[0]).toMatch(/^exec \/bin\/sh -c '.*exec sudo -n -- \/bin\/sh -c /);
  });

  it("sends the password on standard input and never on the command line", async () => {
    sudo(asks);
    expect(await run({ sudoPassword: "open sesame" })).toEqual({
      code: 0,
      stdout: "line 1\nline 2",
      stderr: "err\n",
    });
    expect(machine.commands[0]).toMatch(
      /^exec \/bin\/sh -c '.*exec sudo -k -S -p vgpu-password-[0-9a-f]{24} -- \/bin\/sh -c /,
    );
    expect(machine.commands.join()).not.toContain("sesame");
  });

  it("keeps the password out of the script's input when sudo asks for none", async () => {
    sudo(asksNot);
    const { stdout } = await run({ sudoPassword: "open sesame" });
    expect(stdout).toBe("line 1\nline 2");
  });

  it("refuses with what sudo said when a password is needed and none is given", async () => {
    sudo(asks);
    await expect(run({})).rejects.toMatchObject({
      code: "VGPU_NO_SUDO",
      message: [
        `VGPU_NO_SUDO admin@127.0.0.1:${machine.port}: admin may not become root`,
        "Saw: sudo: a password is required (sudo -n)",
        "Expected: sudo that runs /bin/sh as root for this user",
        'Next: set connection.sudoPassword, log in as root, or add "admin ALL=(root) NOPASSWD: ALL" to /etc/sudoers.d on the machine',
      ].join("\n"),
    });
  });

  it("refuses a wrong password without showing it", async () => {
    sudo(asks);
    const error = (await run({ sudoPassword: "shut sesame" }).catch((reason: Error) => reason)) as Error;
    expect(error.message).toContain("VGPU_NO_SUDO");
    expect(error.message).toContain("Next: correct connection.sudoPassword");
    expect(error.message).not.toContain("shut sesame");
  });

  it("refuses where there is no sudo", async () => {
    machine.shellPath = "/nowhere";
    const error = (await run({}).catch((reason: Error) => reason)) as Error;
    expect(error.message).toMatch(/VGPU_NO_SUDO .*\nSaw: .*sudo: not found/);
  });

  it("leaves an exit code 1 of the script itself alone", async () => {
    sudo(asksNot);
    const session = sessionFor(machine.connection({ user: "admin" }));
    const result = await session.exec({ script: script("echo 'sudo: a password is required' >&2; exit 1") });
    expect(result).toEqual({ code: 1, stdout: "", stderr: "sudo: a password is required\n" });
  });
});
