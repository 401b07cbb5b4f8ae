import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SimulatedMachine } from "./simulated-machine.js";
import { startSimulator } from "./simulator.js";
import { exec, login, tinySpec, until } from "./test-support.js";

/** Pids whose environment or command line carries `mark`. */
function processesWith(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(mark);
    } catch {
      return false;
    }
  });
}

const fleet = (count: number) => Array.from({ length: count }, (_, i) => tinySpec(`host-${i}`));

describe("the simulator", () => {
  test("starts many machines, quickly and each its own", async () => {
    const simulator = await startSimulator();
    const begun = Date.now();
    const machines = await simulator.startFleet(fleet(24));
    const each = (Date.now() - begun) / machines.length;
    const names = await Promise.all(
      machines.map((machine) => machine.shell("hostname; cat /sys/tiny/value")),
    );
    expect(names.map(({ stdout }) => stdout)).toEqual(machines.map(({ name }) => `${name}\nfirst\n`));
    expect(new Set(machines.map(({ address }) => address.port)).size).toBe(24);
    expect(each).toBeLessThan(1000);
    await simulator.stop();
  });

  test("sends no result before its machine's hook has ended, though another machine's is taken away", async () => {
    const simulator = await startSimulator();
    const [one, other] = (await simulator.startFleet(fleet(2))) as [SimulatedMachine, SimulatedMachine];
    const events: string[] = [];
    let end = () => {};
    const ending = new Promise<void>((resolve) => {
      end = resolve;
    });
    await one.onCommand(() => {
      events.push("hook begins");
      return ending;
    });
    const off = await other.onCommand(() => {});
    const client = await login(one);
    const answered = exec(client, "true").then(() => events.push("answered"));
    await until("the hook runs", () => events.length > 0);
    await off();
    await exec(await login(other), "true");
    events.push("hook ends");
    end();
    await answered;
    expect(events).toEqual(["hook begins", "hook ends", "answered"]);
    await simulator.stop();
  });

  test("takes everything with it when it stops and when it is killed", async () => {
    for (const end of ["stop", "SIGKILL"] as const) {
      const mark = `7${process.pid}${end.length}`;
      const simulator = await startSimulator();
      const [machine] = await simulator.startFleet(fleet(2));
      void machine?.run(["sleep", mark]).catch(() => {});
      await until("the process runs", () => processesWith(mark).length > 0);
      const mounts = readFileSync("/proc/self/mounts", "utf8");
      expect(mounts).not.toContain("lowerdir=/usr,");
      if (end === "stop") await simulator.stop();
      else process.kill(simulator.pid, "SIGKILL");
      await until("nothing is left", () => processesWith(mark).length === 0);
      if (end === "SIGKILL")
        await expect(simulator.startMachine(tinySpec("late"))).rejects.toThrow("simulator's process ended");
    }
  });

  test("ends with the process that started it, however that ends", async () => {
    const mark = `8${process.pid}`;
    const script = `
      const { startSimulator } = require(${JSON.stringify(join(__dirname, "simulator.ts"))});
      startSimulator().then(async (simulator) => {
        const machine = await simulator.startMachine(${JSON.stringify(tinySpec("orphan"))});
        machine.run(["sleep", "${mark}"]);
      });`;
    const child = spawn(
      process.execPath,
      ["--require", join(__dirname, "../../../tools/run-typescript.cjs"), "-e", script],
      {
        stdio: "inherit",
      },
    );
    const insides = () => processesWith(mark).filter((pid) => pid !== `${child.pid}`);
    await until("the machine runs", () => insides().length > 0);
    child.kill("SIGKILL");
    await until("nothing is left", () => insides().length === 0);
  });

  test("refuses a name that is taken and stays usable", async () => {
    const simulator = await startSimulator();
    const first = await simulator.startMachine(tinySpec("same"));
    await expect(simulator.startMachine(tinySpec("same"))).rejects.toThrow('"same" is taken');
    await first.stop();
    const second = await simulator.startMachine(tinySpec("same"));
    expect((await second.shell("hostname")).stdout).toBe("same\n");
    await simulator.stop();
  });

  test("leaves nothing in the machine's place after a stop", async () => {
    const simulator = await startSimulator();
    const [kept, gone] = await simulator.startFleet(fleet(2));
    await gone?.stop();
    expect((await kept?.shell("echo alive"))?.stdout).toBe("alive\n");
    const mounts = readFileSync(`/proc/${innerPid(simulator.pid)}/mounts`, "utf8");
    expect(mounts).toContain("/host-0/root/usr");
    expect(mounts).not.toContain("/host-1/");
    await simulator.stop();
  });
});

/** The simulator's own pid: the child of the unshare that was started. */
function innerPid(parent: number): number {
  return Number(readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim());
}
