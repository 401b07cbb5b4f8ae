import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatedMachine } from "./simulated-machine.js";
import { type Simulator, startSimulator } from "./simulator.js";
import { tinySpec } from "./test-support.js";

let simulator: Simulator;
let machine: SimulatedMachine;

beforeAll(async () => {
  simulator = await startSimulator();
  machine = await simulator.startMachine(tinySpec("one"));
});
afterAll(() => simulator?.stop());

describe("/sys", () => {
  test("serves values live and follows links", async () => {
    expect((await machine.shell("cat /sys/tiny/value /sys/tiny/link; ls /sys /sys/tiny")).stdout).toBe(
      "first\nfirst\n/sys:\nmodule\ntiny\n\n/sys/tiny:\ncreate\nlink\nslow\nvalue\n",
    );
    await machine.model("forceValue", "second");
    expect((await machine.shell("cat /sys/tiny/value")).stdout).toBe("second\n");
  });

  test("passes writes on and fails them with the model's errno", async () => {
    expect((await machine.shell("echo third > /sys/tiny/value && cat /sys/tiny/value")).stdout).toBe(
      "third\n",
    );
    expect((await machine.shell("echo full | tee /sys/tiny/value")).stderr).toContain(
      "No space left on device",
    );
    expect((await machine.shell("echo bad | tee /sys/tiny/value")).stderr).toContain("Invalid argument");
  });
});
