import { describe, expect, it } from "vitest";
import { ampereMdev, turingLegacy } from "./kinds.js";
import { createMdev, type HostScene, managedHost, readyHost, until, uuid } from "./scenes.js";
import { namesIn, realPath, writeText } from "./sys-nodes.js";

const gpu = "0000:41:00.0";
const manage = ({ machine }: HostScene, ...argv: string[]) =>
  machine.call("/usr/lib/nvidia/sriov-manage", ...argv);
const vfCount = ({ model }: HostScene) => namesIn(model.sys, "/class/mdev_bus").length;

describe("sriov-manage", () => {
  it("makes all VFs, and says so the second time", async () => {
    const scene = await managedHost(ampereMdev());
    expect(await manage(scene, "-e", gpu)).toMatchObject({ code: 0, stdout: `Enabling VFs on ${gpu}\n` });
    expect(vfCount(scene)).toBe(32);
    const again = await manage(scene, "-e", "ALL");
    expect(again).toMatchObject({ code: 0, stdout: `GPU at ${gpu} already has VFs enabled.\n` });
  });

  it("refuses for lack of the unbind lock as often as asked, then works", async () => {
    const scene = await managedHost(ampereMdev());
    scene.model.setFaults({ unbindLock: 2 });
    for (let n = 0; n < 2; n++) {
      const refused = await manage(scene, "-e", gpu);
      expect(refused).toMatchObject({ code: 1, stderr: `Cannot obtain unbindLock for ${gpu}\n` });
    }
    expect((await manage(scene, "-e", gpu)).code).toBe(0);
  });

  it("ends with 0 and makes no VF, as release 17.2 did", async () => {
    const scene = await managedHost(ampereMdev({ faults: { silentSriov: 1 } }));
    expect((await manage(scene, "-e", gpu)).code).toBe(0);
    expect(vfCount(scene)).toBe(0);
    await manage(scene, "-e", gpu);
    expect(vfCount(scene)).toBe(32);
  });

  it("never makes a VF on a host where they never appear", async () => {
    const scene = await managedHost(ampereMdev({ faults: { vfsNeverAppear: true } }));
    for (let n = 0; n < 3; n++) await manage(scene, "-e", gpu);
    expect(vfCount(scene)).toBe(0);
  });

  it("lets VFs appear one by one after it has ended", async () => {
    const scene = await managedHost(ampereMdev({ faults: { vfIntervalMs: 1 } }));
    await manage(scene, "-e", gpu);
    expect(vfCount(scene)).toBeLessThan(32);
    await until(() => vfCount(scene) === 32);
  });

  it("may leave the GPU without a driver; a bind and another run cure it", async () => {
    const scene = await managedHost(ampereMdev({ faults: { leaveUnbound: 1 } }));
    expect((await manage(scene, "-e", gpu)).code).toBe(1);
    expect(realPath(scene.model.sys, `/bus/pci/devices/${gpu}/driver`)).toBeUndefined();
    await writeText(scene.model.sys, "/bus/pci/drivers/nvidia/bind", gpu);
    await manage(scene, "-e", gpu);
    expect(vfCount(scene)).toBe(32);
  });

  it("wipes mixed-size mode when it makes VFs, and vGPUs when it removes them", async () => {
    const scene = await readyHost(ampereMdev());
    const [board] = scene.model.gpus;
    await scene.machine.call("/usr/bin/nvidia-smi", "vgpu", "-i", "0", "-shm", "1");
    expect(board?.mixedSize).toBe(true);
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    expect((await manage(scene, "-d", gpu)).stdout).toBe(`Disabling VFs on ${gpu}\n`);
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([]);
    expect(board?.mixedSize).toBe(false);
  });

  it("removes no VF while a VM uses one", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    await scene.model.hold(uuid(1), { vmName: "desk-1", vmUuid: uuid(9) });
    expect((await manage(scene, "-d", "ALL")).stderr).toContain("unbindLock");
    expect(vfCount(scene)).toBe(32);
  });

  it("makes no function on a legacy board, and refuses an unknown address and an ordinary user", async () => {
    const scene = await managedHost(turingLegacy());
    await manage(scene, "-e", "0000:3b:00.0");
    expect(scene.model.gpus[0]?.virtualFunctions).toEqual([]);
    expect((await manage(scene, "-e", "0000:99:00.0")).code).toBe(1);
    expect((await manage(scene, "-x")).stderr).toMatch(/^Usage: sriov-manage/);
    const path = "/usr/lib/nvidia/sriov-manage";
    expect((await scene.machine.callAs({ root: false }, path, "-e", "ALL")).code).toBe(1);
  });

  it("leaves no VF after a reboot", async () => {
    const scene = await readyHost(ampereMdev());
    await scene.machine.restart();
    expect(vfCount(scene)).toBe(0);
    expect(scene.machine.unitActive("nvidia-vgpu-mgr.service")).toBe(true);
  });
});
