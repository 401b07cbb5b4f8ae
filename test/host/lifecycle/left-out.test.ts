import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestDriverInstall } from "../../../provider/index.js";
import { fleetProgram } from "../../fleet/program.js";
import { type Bed, guestName, type HostBed, hostName, openBed } from "./bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

// Pulumi takes its flags from the environment, too. This process reads them once: so this file is about one run alone.
process.env.PULUMI_OPTION_TARGET = `**GuestDriverInstall::${guestName}`;

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

describe("a bare physical machine that may be a declared host's, which the run's targets leave out", () => {
  it("is not made a guest, and preview says so in the words of up", { timeout: 120_000 }, async () => {
    const host = await bed.host("left-out-by-target", "turingLegacy");
    const before = await noteOf(host.machine);
    const connection = { ...host.part.config.hosts[hostName]?.connection, host: "localhost" };
    const config = { hosts: {}, guests: { [guestName]: { connection, vgpu: "none" } } };
    const [guest] = fleetProgram({
      packages: bed.packages,
      config: config as unknown as HostBed["part"]["config"],
    });
    const others = [{ kind: "VgpuHost", resource: "gpu-01" }];
    const declared = { hosts: [], vgpus: [], guests: [], others };
    const { inputs, failures } = await guestDriverInstall.check({}, { ...guest?.inputs, declared });
    const reason = failures.map((failure) => failure.reason).join("\n");
    expect(reason).toMatch(
      /^VGPU_PREREQUISITE desk: cannot tell whether this machine is a vGPU host of the program\nSaw: .*; not looked at in this run: VgpuHost gpu-01\n/,
    );
    const made = await guestDriverInstall.create(inputs).then(
      () => "made",
      (error: Error) => error.message,
    );
    expect(reason).toContain(made);
    await expectUntouched(host.machine, before);
  });
});
