import { connect } from "node:net";
import type ssh2 from "ssh2";
import type { Client } from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKeyPair } from "../../ssh-keys.js";
import type { SimulatedMachine } from "./simulated-machine.js";
import { type Simulator, startSimulator } from "./simulator.js";
import { exec, login, rootless, tinySpec, until } from "./test-support.js";

let simulator: Simulator;
let machine: SimulatedMachine;
const clients: Client[] = [];

async function connected(target = machine, config: Parameters<typeof login>[1] = {}): Promise<Client> {
  const client = await login(target, config);
  clients.push(client);
  return client;
}

beforeAll(async () => {
  simulator = await startSimulator();
  machine = await simulator.startMachine(tinySpec("one", { passwords: { admin: "secret" } }));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await simulator?.stop();
});

describe("login", () => {
  test("takes the simulator's key, authorized_keys and a password, and nothing else", async () => {
    expect((await exec(await connected(), "id -un; pwd")).stdout).toBe("root\n/root\n");
    const byPassword = await connected(machine, {
      username: "admin",
      password: "secret",
      privateKey: undefined as never,
    });
    expect((await exec(byPassword, "id -un; pwd")).stdout).toBe(
      `${rootless ? "root" : "admin"}\n/home/admin\n`,
    );
    const own = makeKeyPair();
    await expect(login(machine, { privateKey: own.private })).rejects.toThrow("authentication");
    await machine.writeFile("/root/.ssh/authorized_keys", `${own.public}\n`);
    await connected(machine, { privateKey: own.private });
    const wrong = { username: "admin", password: "wrong", privateKey: undefined as never };
    await expect(login(machine, wrong)).rejects.toThrow("authentication");
    await expect(login(machine, { username: "nobody" })).rejects.toThrow("authentication");
  });

  test("shows the machine's own host key, another one after rotation", async () => {
    const seen = async () => {
      let blob = "";
      const hostVerifier = (key: Buffer) => {
        blob = key.toString("base64");
        return true;
      };
      await connected(machine, { hostVerifier });
      return `ssh-ed25519 ${blob}`;
    };
    const first = machine.address.hostKey;
    expect(await seen()).toBe(first);
    const second = await machine.rotateHostKey();
    expect(second).not.toBe(first);
    expect(await seen()).toBe(second);
  });
});

describe("exec", () => {
  test("streams standard input and both outputs, and gives the exit code", async () => {
    const client = await connected();
    expect(await exec(client, "cat; echo err >&2; exit 3", "x".repeat(3_000_000))).toEqual({
      code: 3,
      signal: undefined,
      stdout: "x".repeat(3_000_000),
      stderr: "err\n",
    });
    expect(await exec(client, "kill -TERM $$")).toMatchObject({ signal: "SIGTERM" });
  });

  test("has pipes for standard streams, so that /dev/stdin and /dev/stderr open, after its end too", async () => {
    for (const username of ["root", "admin"]) {
      const client = await connected(machine, { username });
      const late = await exec(
        client,
        "sleep 0.1; cat /dev/stdin; echo e > /dev/stderr; readlink /proc/self/fd/0",
        "in",
      );
      expect(late).toMatchObject({ stdout: expect.stringMatching(/^inpipe:/), stderr: "e\n" });
    }
  });

  test("answers while other commands run", async () => {
    const client = await connected();
    const waiting = exec(client, "cat > /dev/null; echo late");
    expect((await exec(client, "echo quick")).stdout).toBe("quick\n");
    expect((await waiting).stdout).toBe("late\n");
  });

  test("refuses the eleventh channel of a connection", async () => {
    const client = await connected();
    const streams: ssh2.ClientChannel[] = [];
    const open = () =>
      new Promise<ssh2.ClientChannel>((resolve, reject) =>
        client.exec("cat", (error, stream) => (error ? reject(error) : resolve(stream))),
      );
    for (let i = 0; i < 10; i++) streams.push(await open());
    await expect(open()).rejects.toThrow("Channel open failure");
    for (const stream of streams) stream.end();
    await until("channels are free again", async () => (await machine.counters()).openChannels === 0);
    expect((await exec(client, "echo again")).stdout).toBe("again\n");
  });

  test("leaves a command running when its connection goes, with its input closed", async () => {
    const client = await connected();
    exec(client, "cat; sleep 0.1; echo ended > /run/ended").catch(() => {});
    await until("it runs", async () => (await machine.counters()).openChannels === 1);
    client.destroy();
    await until("it ended by itself", () => machine.exists("/run/ended"));
  });
});

describe("the log and counters", () => {
  test("name the script, its arguments, who, bytes, code and outcome", async () => {
    await machine.resetCounters();
    const client = await connected(machine, {
      username: "admin",
      password: "secret",
      privateKey: undefined as never,
    });
    await exec(
      client,
      `sudo -n -- /bin/sh -c 'cat; echo "$1"; exit 4' pulumi-vgpu:read-facts 'an arg' 'it'\\''s'`,
      "12345",
    );
    const [command] = await machine.commands();
    expect(command).toMatchObject({
      user: "admin",
      name: "pulumi-vgpu:read-facts",
      args: ["an arg", "it's"],
      sudo: true,
      bytesIn: 5,
      bytesOut: 12,
      code: 4,
      outcome: "answered",
    });
    await exec(client, "true");
    expect(await machine.counters()).toMatchObject({
      connections: 1,
      channels: 2,
      openChannels: 0,
      maxOpenChannels: 1,
    });
  });
});

describe("forwarding", () => {
  test("reaches other machines by name, so that a machine is a bastion", async () => {
    const behind = await simulator.startMachine(tinySpec("behind"));
    const bastion = await connected();
    const sock = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      bastion.forwardOut("127.0.0.1", 0, "behind", 22, (error, stream) =>
        error ? reject(error) : resolve(stream),
      ),
    );
    const client = await connected(behind, { sock });
    expect((await exec(client, "hostname")).stdout).toBe("behind\n");
    expect((await machine.counters()).forwards).toBe(1);
    client.destroy();
    await behind.stop();
  });
});

describe("faults", () => {
  test("drop a connection before, in the middle of and after a command", async () => {
    await machine.shell("rm -f /run/mark.*");
    for (const when of ["before", "middle", "after"] as const) {
      await machine.fault({ name: "pulumi-vgpu:mark", action: { kind: "drop", when } });
      const client = await connected();
      expect((await exec(client, "echo other")).stdout).toBe("other\n");
      const lost = await exec(
        client,
        `/bin/sh -c 'echo began > /run/mark.${when}; sleep 0.2; echo x' pulumi-vgpu:mark`,
      );
      expect(lost.code).toBeUndefined();
    }
    expect((await machine.shell("ls /run/mark.*")).stdout).toBe("/run/mark.after\n/run/mark.middle\n");
    expect((await exec(await connected(), "/bin/sh -c 'echo fine' pulumi-vgpu:mark")).stdout).toBe("fine\n");
  });

  test("fail the n-th command, hang one, refuse a channel", async () => {
    const client = await connected();
    await machine.fault({ name: "tru*", nth: 2, action: { kind: "fail", code: 9, stderr: "asked for\n" } });
    expect((await exec(client, "true")).code).toBe(0);
    expect(await exec(client, "true")).toMatchObject({ code: 9, stderr: "asked for\n" });
    expect((await exec(client, "true")).code).toBe(0);
    await machine.fault({ action: { kind: "refuse-channel" } });
    await expect(exec(client, "true")).rejects.toThrow("Channel open failure");
    await machine.fault({ name: "true", action: { kind: "hang" } });
    const hung = exec(client, "true");
    await until("it hangs", async () => (await machine.commands()).at(-1)?.outcome === "hung");
    client.destroy();
    expect((await hung).code).toBeUndefined();
    await machine.clearFaults();
  });

  test("hold a result back until a hook of the test has run", async () => {
    const client = await connected();
    const order: string[] = [];
    const off = await machine.onCommand(async ({ name, code }) => {
      await until("the file is there", () => machine.exists("/run/hooked"));
      order.push(`hook ${name} ${code}`);
    });
    await exec(client, "touch /run/hooked; exit 5").then(({ code }) => order.push(`result ${code}`));
    expect(order).toEqual(["hook touch 5", "result 5"]);
    await off();
    expect((await exec(client, "exit 6")).code).toBe(6);
    expect(order).toHaveLength(2);
  });

  test("make the machine refuse connections, or accept and never answer", async () => {
    const { port } = machine.address;
    await machine.setNetwork("refused");
    await expect(login(machine)).rejects.toThrow("ECONNREFUSED");
    await machine.setNetwork("silent");
    const socket = connect(port, "127.0.0.1");
    await new Promise((open) => socket.once("connect", open));
    await expect(login(machine, { readyTimeout: 300 })).rejects.toThrow("Timed out");
    socket.destroy();
    await machine.setNetwork("normal");
    expect((await exec(await connected(), "echo back")).stdout).toBe("back\n");
  });

  test("cut the power at a command: nothing of it goes on, and the machine boots", async () => {
    const before = await machine.bootId();
    await machine.fault({
      name: "pulumi-vgpu:write",
      action: { kind: "power-loss", when: "middle", onceThere: "/etc/began", afterMs: 0 },
    });
    const script = "/bin/sh -c 'echo 1 > /etc/began; sleep 60; echo 2 > /etc/went-on' pulumi-vgpu:write";
    expect((await exec(await connected(), script)).code).toBeUndefined();
    await until("it booted again", async () => (await machine.bootId()) !== before && machine.poweredOn());
    await until("it answers", () =>
      login(machine).then(
        (client) => Boolean(clients.push(client)),
        () => false,
      ),
    );
    expect((await machine.shell("cat /etc/began; ls /etc/went-on")).stdout).toBe("1\n");
  });
});
