import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runUp, startRun } from "../../fleet/run.js";
import { type Bed, type HostBed, openBed, uuidOf } from "./bed.js";
import { gpuOf, liveTypes, recordedVgpus } from "./live-vgpus.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const upWith = (host: HostBed, vgpus: Readonly<Record<string, string>>) =>
  runUp(host.program(vgpus), host.statePath);

/** An up of one vGPU on a host without any; these lines of shell run on it once the plan is made. */
async function disturbedUp(host: HostBed, shell: string): Promise<void> {
  await upWith(host, {});
  let looks = 0;
  const unhook = await host.machine.onCommand(async ({ name }) => {
    if (name === "pulumi-vgpu:observe-host") looks++;
    // The first look is check's, the second that of the run that has the lock.
    if (name !== "pulumi-vgpu:observe-host" || looks !== 2) return;
    expect(await host.machine.shell(shell)).toMatchObject({ code: 0, stderr: "" });
  });
  await expect(upWith(host, { "a-1": "A2-4Q" })).rejects.toThrow(
    /^VGPU_FOREIGN [\s\S]* and no earlier note of ours says that we made it \(looked at just before/,
  );
  await unhook();
  expect(await recordedVgpus(host.machine)).toEqual([]);
}

describe.concurrent("a vGPU that somebody made between our look and our step", () => {
  it("keeps its function: ours is made on another one, and goes without it", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("same-type", "adaVendorVfio");
    const free = "/sys/bus/pci/devices/0000:26:00.4/nvidia";
    await disturbedUp(
      host,
      `sed -n 's/ *: NVIDIA A2-4Q$//p' ${free}/creatable_vgpu_types > ${free}/current_vgpu_type`,
    );
    const others = (await gpuOf(host.machine)).vgpus;
    expect(others).toMatchObject([{ parent: "0000:26:00.4" }]);
    await upWith(host, { "a-1": "A2-4Q" });
    expect(await recordedVgpus(host.machine)).toEqual(["a-1 A2-4Q"]);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q", "A2-4Q"]);
    await upWith(host, {});
    expect((await gpuOf(host.machine)).vgpus).toEqual(others);
  });

  it("is told on the vGPU whose place it has, where several are made together and that one finds another place", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("joint", "adaVendorVfio");
    await upWith(host, {});
    const free = "/sys/bus/pci/devices/0000:26:00.5/nvidia";
    let looks = 0;
    const unhook = await host.machine.onCommand(async ({ name }) => {
      if (name === "pulumi-vgpu:observe-host" && ++looks === 2)
        await host.machine.shell(
          `sed -n 's/ *: NVIDIA A2-4Q$//p' ${free}/creatable_vgpu_types > ${free}/current_vgpu_type`,
        );
    });
    const vgpus = { "a-1": "A2-4Q", "a-2": "A2-4Q" };
    const run = startRun({ task: "up", program: host.program(vgpus), statePath: host.statePath });
    const { error, output } = await run.ended;
    await unhook();
    expect(error).toBe("");
    expect(output.split("\n").filter((line) => line.includes("VGPU_FOREIGN"))).toEqual([
      expect.stringMatching(
        /^gpu-host a-2: VGPU_FOREIGN: make-vgpu of NVIDIA A2-4Q on 0000:26:00.5 failed: 0000:26:00.5 .* \(looked at just before it would have been made\); what is there is left as it is, and this vGPU is planned for anew$/,
      ),
    ]);
    expect(await recordedVgpus(host.machine)).toEqual(["a-1 A2-4Q", "a-2 A2-4Q"]);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q", "A2-4Q", "A2-4Q"]);
  });

  it("keeps its function and the driver when the host goes", { timeout: 300_000 }, async () => {
    const host = await bed.host("at-destroy", "adaVendorVfio");
    await upWith(host, {});
    const free = "/sys/bus/pci/devices/0000:26:00.4/nvidia";
    const make = `sed -n 's/ *: NVIDIA A2-4Q$//p' ${free}/creatable_vgpu_types > ${free}/current_vgpu_type`;
    let looks = 0;
    const unhook = await host.machine.onCommand(async ({ name }) => {
      if (name === "pulumi-vgpu:observe-host" && ++looks === 2) await host.machine.shell(make);
    });
    await expect(runDestroy(host.statePath)).rejects.toThrow(
      /^VGPU_STEP_FAILED [\s\S]* carries a vGPU of type number '\d+' now/,
    );
    await unhook();
    expect((await gpuOf(host.machine)).vgpus).toMatchObject([{ parent: "0000:26:00.4" }]);
    await host.machine.shell(`echo 0 > ${free}/current_vgpu_type`);
    await runDestroy(host.statePath);
    expect(await gpuOf(host.machine)).toMatchObject({ driver: "nouveau", virtualFunctions: 0 });
  });

  it("is taken over by its UUID as one that was there before us, and stays", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("same-uuid", "ampereMdev");
    const names = "/sys/class/mdev_bus/*/mdev_supported_types/*/name";
    await disturbedUp(
      host,
      `n=$(grep -lx 'NVIDIA A2-4Q' ${names} | head -n 1); echo ${uuidOf("a-1")} > "$(dirname "$n")/create"`,
    );
    const others = (await gpuOf(host.machine)).vgpus;
    expect(others).toMatchObject([{ mdevUuid: uuidOf("a-1") }]);
    await upWith(host, { "a-1": "A2-4Q" });
    await upWith(host, {});
    expect((await gpuOf(host.machine)).vgpus).toEqual(others);
    expect(await recordedVgpus(host.machine)).toEqual([]);
  });
});
