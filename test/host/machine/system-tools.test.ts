import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatedMachine } from "./simulated-machine.js";
import { type Simulator, startSimulator } from "./simulator.js";
import { tinySpec } from "./test-support.js";

let simulator: Simulator;
let machine: SimulatedMachine;
beforeAll(async () => {
  simulator = await startSimulator();
  machine = await simulator.startMachine(
    tinySpec("one", { packages: { gcc: "12.2.0", "linux-headers-amd64": "6.1" }, secureBoot: true }),
  );
});
afterAll(() => simulator?.stop());

const shell = (line: string) => machine.shell(line);
const out = async (line: string): Promise<string> => (await shell(line)).stdout;

describe("modules", () => {
  test("load with what they depend on, show in /sys/module, and unload when unused", async () => {
    expect(await out("cat /sys/module/tiny/version; lsmod | sed 1d | cut -d' ' -f1")).toBe(
      "1.2.3\ntiny\ntiny_core\n",
    );
    expect(await shell("rmmod tiny-core")).toMatchObject({
      code: 1,
      stderr: "rmmod: ERROR: Module tiny-core is in use by: tiny\n",
    });
    expect(
      (
        await shell(
          "modprobe -r tiny && test ! -e /sys/module/tiny && modprobe tiny && test -d /sys/module/tiny",
        )
      ).code,
    ).toBe(0);
    expect((await shell("modprobe nosuch")).stderr).toMatch(
      /^modprobe: FATAL: Module nosuch not found in directory \/lib\/modules\//,
    );
    expect((await shell("modprobe broken")).stderr).toBe(
      "modprobe: ERROR: could not insert 'broken': No such device\n",
    );
    expect(await out("modinfo -F version tiny")).toBe("1.2.3\n");
  });
});

describe("packages and firmware", () => {
  test("are told by dpkg-query and mokutil", async () => {
    expect(await out("dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}\\n' 'linux-*' gcc")).toBe(
      "gcc 12.2.0 installed\nlinux-headers-amd64 6.1 installed\n",
    );
    expect((await shell("dpkg-query -W nvidia-driver")).code).toBe(1);
    expect(await out("mokutil --sb-state")).toBe("SecureBoot enabled\n");
    const rpm = await simulator.startMachine(
      tinySpec("rpm", { packageFormat: "rpm", packages: { gcc: "11.4" } }),
    );
    expect((await rpm.shell("rpm -q gcc kernel-devel; command -v dpkg apt-get")).stdout).toBe(
      "gcc-11.4.x86_64\npackage kernel-devel is not installed\n",
    );
    expect((await rpm.shell("dracut")).code).toBe(1);
    expect((await rpm.shell("dracut --force")).code).toBe(0);
    await rpm.stop();
  });
});
