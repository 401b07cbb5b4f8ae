import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driveDestroy, drivePreview, driveUnchecked, driveUp, loadState } from "../../fleet/drive.js";
import { fleetProgram } from "../../fleet/program.js";
import { type Bed, guestName, type HostBed, openBed, vgpusOf } from "./bed.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** A guest's program whose connection leads to this host, by another spelling of its address. */
function guestAt(host: HostBed) {
  const connection = { ...host.part.config.hosts["gpu-host"]?.connection, host: "localhost" };
  const guests = { [guestName]: { connection, vgpu: "none" } };
  return fleetProgram({
    packages: bed.packages,
    config: { hosts: {}, guests } as unknown as HostBed["part"]["config"],
  });
}

async function changed(host: HostBed, since: number): Promise<string[]> {
  const commands = (await host.machine.commands()).slice(since);
  return commands.map(({ name }) => name).filter((name) => !/(^|:)(observe-guest|hold-lock)$/.test(name));
}

/** Preview and `up` say the same, and nothing is touched. */
async function expectRefused(host: HostBed, beginning: string): Promise<void> {
  const before = await host.machine.digest();
  const since = (await host.machine.commands()).length;
  const program = guestAt(host);
  const statePath = `${host.statePath}.guest`;
  const reasons = (await drivePreview(program, statePath))[guestName]?.failures.map(({ reason }) => reason);
  expect(reasons).toEqual([expect.stringContaining(beginning)]);
  expect((await driveUnchecked(program))[guestName]).toContain(beginning);
  expect(await host.machine.digest()).toEqual(before);
  expect(await changed(host, since)).toEqual([]);
  expect(loadState(statePath)).toEqual({});
}

describe("a GuestDriverInstall whose connection leads to a vGPU host", () => {
  it("is refused in preview and in up, whoever manages the host, and touches nothing", async () => {
    const host = await bed.host("kvm", "turingLegacy");
    await driveUp(host.program(vgpusOf("T4-4Q", 1)), host.statePath);
    await expectRefused(host, "VGPU_CLAIM_CONFLICT");
    await driveDestroy(host.statePath);
  });

  it.each([
    ["has a vGPU manager", "manager", "/usr/bin/nvidia-vgpu-mgr", "this machine is a vGPU host, not a guest"],
    ["can run VMs and is none", "qemu", "/usr/bin/qemu-kvm", "this machine runs VMs and is none itself"],
  ])("is refused on a machine that nobody manages and that %s", async (_title, name, program, what) => {
    const host = await bed.host(name, "turingLegacy");
    await host.machine.writeFile(program, "#!/bin/sh\n", 0o755);
    await expectRefused(host, `VGPU_PREREQUISITE ${guestName}: ${what}`);
  });
});
