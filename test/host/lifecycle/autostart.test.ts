import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, openBed, smallHosts, uuidOf } from "./bed.js";
import { gpuOf } from "./live-vgpus.js";

const { gpu, type } = smallHosts.turingLegacy;
let bed: Bed;
let host: HostBed;

/** Makes a vGPU by hand and has mdevctl start it at boot. */
async function makeByHand(uuid: string): Promise<void> {
  const types = `/sys/class/mdev_bus/${gpu}/mdev_supported_types`;
  const line = `t=$(dirname "$(grep -l '${type}$' ${types}/*/name)"); echo ${uuid} > $t/create && mdevctl define -u ${uuid} -p ${gpu} -t \${t##*/} -a`;
  expect(await host.machine.shell(line)).toMatchObject({ code: 0, stderr: "" });
}

const startOf = async (uuid: string) =>
  /"start": *"(\w+)"/.exec((await host.machine.readFile(`/etc/mdevctl.d/${gpu}/${uuid}`)) ?? "")?.[1];

beforeAll(async () => {
  bed = await openBed();
  // Debian 12: mdevctl's udev rule runs a program that is not where the package has put it.
  host = await bed.host("debian", "turingLegacy", { kind: { mdevctl: true } });
  await runUp(host.program({}), host.statePath);
  await makeByHand(uuidOf("a-1"));
});
afterAll(() => bed.close());

describe("a vGPU that mdevctl is to start at boot, where udev does not find mdevctl", () => {
  it("is noted for our boot unit when it is declared, and comes back after a reboot with its definition untouched", async () => {
    const program = host.program({ "a-1": type });
    await runUp(program, host.statePath);
    expect(await host.machine.shell(`grep adopted /etc/pulumi-vgpu/vgpu/${uuidOf("a-1")}`)).toMatchObject({
      stdout: "adopted=yes\n",
    });
    expect(await startOf(uuidOf("a-1"))).toBe("auto");
    await host.machine.restart("reboot");
    expect((await gpuOf(host.machine)).vgpus.map(({ mdevUuid }) => mdevUuid)).toEqual([uuidOf("a-1")]);
    expect(await startOf(uuidOf("a-1"))).toBe("auto");
    const preview = await runPreview(program, host.statePath);
    expect(Object.values(preview).map(({ changes }) => changes)).toEqual([false, false]);
    await runUp(host.program({}), host.statePath);
    expect((await gpuOf(host.machine)).vgpus).toHaveLength(1);
    expect(await startOf(uuidOf("a-1"))).toBe("auto");
  });
});
