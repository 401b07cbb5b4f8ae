import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driveUp, loadState } from "../../fleet/drive.js";
import { startRun } from "../../fleet/run.js";
import { type Bed, type HostBed, hostName, openBed } from "./bed.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

async function destroyed({ statePath }: HostBed): Promise<string[]> {
  const { error, output } = await startRun({ task: "destroy", program: [], statePath }).ended;
  expect(error).toBe("");
  return output.split("\n").filter((line) => line.startsWith(`${hostName}:`));
}

const bootId = async ({ machine }: HostBed) =>
  (await machine.shell("cat /proc/sys/kernel/random/boot_id")).stdout;

describe("the destruction of a host", () => {
  it("says first of all what it will do where it reboots the machine", { timeout: 120_000 }, async () => {
    const host = await bed.host("told", "turingLegacy");
    await driveUp(host.program({}), host.statePath);
    const before = await bootId(host);
    const [first, ...steps] = await destroyed(host);
    expect(first).toMatch(
      /^gpu-host: \d+ steps, 1 reboot \((the driver is still in memory|nouveau ran before us)\)$/,
    );
    expect(steps.join("\n")).toMatch(
      /^gpu-host: {3}1 [\s\S]* uninstall-driver [\s\S]* REBOOT [\s\S]*\ngpu-host: {3}\d release-host {2,}nothing of ours is left\n/,
    );
    expect(await bootId(host)).not.toBe(before);
  });

  it("reboots nothing where the program has taken reboot.allow back since", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("bound", "turingLegacy");
    await driveUp(host.program({}), host.statePath);
    const bound = host
      .program({})
      .map((one) => ({ ...one, inputs: { ...one.inputs, reboot: { allow: false } } }));
    expect(await driveUp(bound, host.statePath)).toEqual({ [hostName]: "updated" });
    expect(loadState(host.statePath)[hostName]?.outputs.reboot).toMatchObject({ allow: false });
    const before = await bootId(host);
    expect((await destroyed(host)).join("\n")).not.toContain("REBOOT");
    expect(await bootId(host)).toBe(before);
  });
});
