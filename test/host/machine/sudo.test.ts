import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MachineOptions } from "../types.js";
import { type Simulator, startSimulator } from "./simulator.js";
import { type Answer, exec, login, rootless, tinySpec } from "./test-support.js";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.stop());

type Sudo = NonNullable<MachineOptions["sudo"]>;

/** Runs commands as admin on a machine whose sudo is so. */
async function asAdmin(sudo: Sudo, ...commands: [command: string, stdin?: string][]): Promise<Answer[]> {
  const machine = await simulator.startMachine(
    tinySpec(`sudo-${sudo}`, { sudo, passwords: { admin: "secret" } }),
  );
  const client = await login(machine, { username: "admin" });
  const answers: Answer[] = [];
  for (const [command, stdin] of commands) answers.push(await exec(client, command, stdin));
  client.end();
  await machine.stop();
  return answers;
}

describe("sudo", () => {
  test("passwordless: runs as root with root's environment and the caller's input", async () => {
    const [id, input, env, denied] = await asAdmin(
      "passwordless",
      ["id -u; sudo -n -- id -u"],
      ["sudo -n -- /bin/sh -c 'cat; echo \"$1\"' label 'a  b'", "in "],
      ["FOO=bar sudo env"],
      ["cat /etc/sudoers.d/x; systemctl start x; modprobe tiny"],
    );
    expect(id?.stdout).toBe(rootless ? "0\n0\n" : "1000\n0\n");
    expect(input?.stdout).toBe("in a  b\n");
    expect(env?.stdout).toContain("HOME=/root");
    expect(env?.stdout).not.toContain("FOO");
    if (rootless) return;
    expect(
      denied?.stderr.match(/Permission denied|Interactive authentication required|Operation not permitted/g),
    ).toHaveLength(3);
  });

  test("with a password: asks by -S only, takes one line, leaves the rest to the command", async () => {
    const [never, terminal, right, wrong, none] = await asAdmin(
      "password",
      ["sudo -n -- true"],
      ["sudo true"],
      ["sudo -k -S -p '' -- /bin/sh -c 'id -u; cat' x", "secret\nthe rest\n"],
      ["sudo -S -p 'Password for %p: ' true", "a\nb\nc\n"],
      ["sudo -S -p '' true", ""],
    );
    expect(never).toMatchObject({ code: 1, stderr: "sudo: a password is required\n" });
    expect(terminal?.stderr).toContain("sudo: a terminal is required to read the password");
    expect(right).toMatchObject({ code: 0, stdout: "0\nthe rest\n", stderr: "" });
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong?.stderr).toContain("Password for admin: Sorry, try again.\n");
    expect(wrong?.stderr).toContain("sudo: 3 incorrect password attempts\n");
    expect(none?.stderr).toContain("sudo: no password was provided");
  });

  test("refused: says so after the password; missing: is not there", async () => {
    const [refused] = await asAdmin("refused", ["sudo -S -p '' true", "secret\n"]);
    expect(refused).toMatchObject({ code: 1, stderr: "admin is not in the sudoers file.\n" });
    const [missing] = await asAdmin("missing", ["sudo -n true"]);
    expect(missing).toMatchObject({ code: 127 });
  });
});
