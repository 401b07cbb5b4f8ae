import { describe, expect, it } from "vitest";
import { adaVendorVfio, ampereMdev, turingLegacy } from "./kinds.js";
import { createMdev, managedHost, readyHost, uuid } from "./scenes.js";
import { namesIn, readText, writeText } from "./sys-nodes.js";

const vf = (slot: string) => `0000:41:${slot}`;
const available = (parent: string, type: number) =>
  `/class/mdev_bus/${parent}/mdev_supported_types/nvidia-${type}/available_instances`;

describe("mdevs on a legacy board", () => {
  it("offers types on the PF once nvidia-vgpud has run", async () => {
    const { model } = await managedHost(turingLegacy());
    expect(namesIn(model.sys, "/class/mdev_bus")).toEqual(["0000:3b:00.0"]);
  });

  it("takes as many vGPUs of one type as the GPU holds, then says ENOSPC", async () => {
    const scene = await managedHost(turingLegacy());
    for (let n = 0; n < 4; n++) await createMdev(scene, { parent: "0000:3b:00.0", type: 232, uuid: uuid(n) });
    expect(await readText(scene.model.sys, available("0000:3b:00.0", 232))).toBe("0\n");
    const fifth = createMdev(scene, { parent: "0000:3b:00.0", type: 232, uuid: uuid(5) });
    await expect(fifth).rejects.toMatchObject({ errno: "ENOSPC" });
    expect(scene.machine.journalLines.at(-1)).toContain("Failed to add vgpu create request: 0x1a");
  });

  it("shows an SR-IOV capability whose functions have no device id, and types on the GPU itself", async () => {
    const { model } = await managedHost(turingLegacy());
    const pf = "/bus/pci/devices/0000:3b:00.0";
    expect(await readText(model.sys, `${pf}/sriov_totalvfs`)).toBe("16\n");
    expect(await readText(model.sys, `${pf}/sriov_numvfs`)).toBe("0\n");
    expect(await readText(model.sys, `${pf}/sriov_vf_device`)).toBe("0000\n");
    expect(namesIn(model.sys, pf)).toContain("mdev_supported_types");
  });
});

describe("mdevs on VFs", () => {
  it("offers nothing before VFs are on, and never on the PF", async () => {
    const scene = await managedHost(ampereMdev());
    expect(namesIn(scene.model.sys, "/class/mdev_bus")).toEqual([]);
    await scene.machine.call("/usr/lib/nvidia/sriov-manage", "-e", "ALL");
    expect(namesIn(scene.model.sys, "/class/mdev_bus")).toHaveLength(32);
    expect(namesIn(scene.model.sys, "/bus/pci/devices/0000:41:00.0")).not.toContain("mdev_supported_types");
  });

  it("lets types of one framebuffer size mix series and refuses any other size with ENOSPC", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: vf("00.4"), type: 562, uuid: uuid(1) });
    expect(await readText(scene.model.sys, available(vf("00.5"), 562))).toBe("1\n");
    expect(await readText(scene.model.sys, available(vf("00.5"), 572))).toBe("1\n");
    expect(await readText(scene.model.sys, available(vf("00.5"), 560))).toBe("0\n");
    await createMdev(scene, { parent: vf("00.5"), type: 572, uuid: uuid(2) });
    const other = createMdev(scene, { parent: vf("00.6"), type: 560, uuid: uuid(3) });
    await expect(other).rejects.toMatchObject({ errno: "ENOSPC" });
    expect(scene.machine.journalLines.at(-1)).toContain("Failed to add vgpu create request: 0x56");
  });

  it("carries one vGPU per VF", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: vf("00.4"), type: 562, uuid: uuid(1) });
    expect(await readText(scene.model.sys, available(vf("00.4"), 562))).toBe("0\n");
    const second = createMdev(scene, { parent: vf("00.4"), type: 562, uuid: uuid(2) });
    await expect(second).rejects.toMatchObject({ errno: "ENOSPC" });
    expect(scene.machine.journalLines.at(-1)).toContain("Failed to add vgpu create request: 0x38");
  });

  it("holds no more than the type's count on the whole GPU", async () => {
    const scene = await readyHost(ampereMdev());
    const parents = namesIn(scene.model.sys, "/class/mdev_bus");
    for (let n = 0; n < 6; n++)
      await createMdev(scene, { parent: parents[n] ?? "", type: 562, uuid: uuid(n) });
    const seventh = createMdev(scene, { parent: parents[6] ?? "", type: 562, uuid: uuid(7) });
    await expect(seventh).rejects.toMatchObject({ errno: "ENOSPC" });
  });

  it("answers EEXIST to a UUID that exists and EINVAL to a text that is none", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: vf("00.4"), type: 562, uuid: uuid(1) });
    const same = createMdev(scene, { parent: vf("00.5"), type: 562, uuid: uuid(1).toUpperCase() });
    await expect(same).rejects.toMatchObject({ errno: "EEXIST" });
    const none = createMdev(scene, { parent: vf("00.5"), type: 562, uuid: "no-uuid" });
    await expect(none).rejects.toMatchObject({ errno: "EINVAL" });
  });

  it("fails with EIO while the manager is not ready, and logs it", async () => {
    const scene = await readyHost(ampereMdev());
    scene.model.setFaults({ failCreates: 1 });
    const spec = { parent: vf("00.4"), type: 562, uuid: uuid(1) };
    await expect(createMdev(scene, spec)).rejects.toMatchObject({ errno: "EIO" });
    expect(scene.machine.journalLines.join("\n")).toMatch(/NVRM: .*not initialized/);
    await createMdev(scene, spec);
  });

  it("keeps a removal waiting while a VM holds the vGPU, off the bus already, and ends it when the VM is gone", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: vf("00.4"), type: 562, uuid: uuid(1) });
    const release = await scene.model.hold(uuid(1), { vmName: "desk-1", vmUuid: uuid(9) });
    let removed = false;
    const path = `/bus/mdev/devices/${uuid(1)}`;
    const removal = writeText(scene.model.sys, `${path}/remove`, "1").then(() => {
      removed = true;
    });
    await new Promise((wake) => setImmediate(wake));
    expect(removed).toBe(false);
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([]);
    const left = `/class/mdev_bus/${vf("00.4")}/${uuid(1)}`;
    expect(namesIn(scene.model.sys, left)).toEqual(["iommu_group", "vfio-dev"]);
    await release();
    await removal;
    expect(namesIn(scene.model.sys, left)).toEqual([]);
  });

  it("keeps plugin parameters, and clears them by one space", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: vf("00.4"), type: 562, uuid: uuid(1) });
    const path = `/bus/mdev/devices/${uuid(1)}/nvidia/vgpu_params`;
    await writeText(scene.model.sys, path, "frame_rate_limiter=0,disable_vnc=1");
    expect(await readText(scene.model.sys, path)).toBe("frame_rate_limiter=0,disable_vnc=1\n");
    await writeText(scene.model.sys, path, " ");
    expect(await readText(scene.model.sys, path)).toBe("\n");
  });
});

describe("vendor-specific VFIO", () => {
  const nvidia = (address: string) => `/bus/pci/devices/${address}/nvidia`;
  const first = nvidia("0000:26:00.4");
  const second = nvidia("0000:26:00.5");

  it("has no mdev bus and no nvidia directory on the PF", async () => {
    const { model } = await readyHost(adaVendorVfio());
    expect(namesIn(model.sys, "/bus")).toEqual(["pci"]);
    expect(namesIn(model.sys, "/class")).not.toContain("mdev_bus");
    expect(namesIn(model.sys, "/bus/pci/devices/0000:26:00.0")).not.toContain("nvidia");
  });

  it("shrinks its list to the size in use, and to the header on a VF that has a vGPU", async () => {
    const { model } = await readyHost(adaVendorVfio());
    const all = await readText(model.sys, `${first}/creatable_vgpu_types`);
    expect(all.split("\n")[0]).toBe("ID    : vGPU Name");
    expect(all).toContain("1150  : NVIDIA L40S-4Q\n");
    await writeText(model.sys, `${first}/current_vgpu_type`, "1152");
    expect(await readText(model.sys, `${first}/current_vgpu_type`)).toBe("1152\n");
    expect(await readText(model.sys, `${first}/creatable_vgpu_types`)).toBe("ID    : vGPU Name\n");
    const names = (await readText(model.sys, `${second}/creatable_vgpu_types`)).trim().split("\n").slice(1);
    expect(names.map((line) => line.replace(/.*-/, ""))).toEqual(expect.arrayContaining(["8Q", "8A"]));
    expect(names.every((line) => /-8[A-Z]$/.test(line))).toBe(true);
  });

  it("answers EIO to a type that cannot be created, leaves the type 0 and logs why: 0x57, it knows none of that number", async () => {
    const { machine, model } = await readyHost(adaVendorVfio());
    const write = writeText(model.sys, `${first}/current_vgpu_type`, "4711");
    await expect(write).rejects.toMatchObject({ errno: "EIO" });
    expect(await readText(model.sys, `${first}/current_vgpu_type`)).toBe("0\n");
    expect(machine.journalLines.join("\n")).toMatch(/NVRM: .*0x57/);
  });

  it("takes another type only after 0", async () => {
    const { model } = await readyHost(adaVendorVfio());
    const path = `${first}/current_vgpu_type`;
    await writeText(model.sys, path, "1152");
    await expect(writeText(model.sys, path, "1150")).rejects.toMatchObject({ errno: "EIO" });
    await writeText(model.sys, path, "0");
    await writeText(model.sys, path, "1150");
    expect(await readText(model.sys, path)).toBe("1150\n");
  });

  it("has placement and instance ids only while a vGPU exists", async () => {
    const { model } = await readyHost(adaVendorVfio());
    for (const name of ["placement_id", "gpu_instance_id"]) {
      await expect(readText(model.sys, `${first}/${name}`)).rejects.toMatchObject({ errno: "ENXIO" });
    }
    await writeText(model.sys, `${first}/current_vgpu_type`, "1152");
    expect(await readText(model.sys, `${first}/placement_id`)).toBe("0\n");
  });

  it("refuses to take the type away with EBUSY while a VM uses it", async () => {
    const { machine, model } = await readyHost(adaVendorVfio());
    await writeText(model.sys, `${first}/current_vgpu_type`, "1152");
    const release = await model.hold("0000:26:00.4", { vmName: "desk-2", vmUuid: uuid(8) });
    expect(machine.held[0]?.processName).toBe("qemu-system-x86_64");
    expect(machine.held[0]?.args.join(" ")).toContain("-name guest=desk-2");
    const clear = writeText(model.sys, `${first}/current_vgpu_type`, "0");
    await expect(clear).rejects.toMatchObject({ errno: "EBUSY" });
    await release();
    await writeText(model.sys, `${first}/current_vgpu_type`, "0");
  });

  it("still makes mdevs on a legacy board beside it", async () => {
    const gpus = [
      { board: "NVIDIA L40S", address: "0000:26:00.0" },
      { board: "Tesla T4", address: "0000:3b:00.0" },
    ];
    const { model } = await readyHost(adaVendorVfio({ gpus }));
    expect(namesIn(model.sys, "/class/mdev_bus")).toEqual(["0000:3b:00.0"]);
    expect(namesIn(model.sys, "/bus/pci/devices/0000:26:00.4")).toContain("nvidia");
  });
});
