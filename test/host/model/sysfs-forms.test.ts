import { describe, expect, it } from "vitest";
import { GpuModel } from "./gpu-model.js";
import { ampereMdev, turingLegacy } from "./kinds.js";
import { bareHost, createMdev, managedHost, readyHost, uuid } from "./scenes.js";
import { sharedFactsPresent, sharedText } from "./shared-facts.js";
import { namesIn, readText, realPath, resolve, writeText } from "./sys-nodes.js";

const pf = "/bus/pci/devices/0000:41:00.0";

/** Returns an A2 as the capture has it: 16 VFs, one mdev of each of three series. */
async function a2() {
  const gpus = [{ board: "NVIDIA A2", address: "0000:08:00.0" }];
  const scene = await readyHost(ampereMdev({ gpus }));
  const types = namesIn(scene.model.sys, "/class/mdev_bus/0000:08:00.4/mdev_supported_types");
  const type = Number(types.find((name) => name === "nvidia-746")?.slice(7));
  await createMdev(scene, { parent: "0000:08:00.4", type, uuid: uuid(1) });
  return scene;
}

describe("tree of a bare host", () => {
  it("has nouveau on the GPU, and no VF", async () => {
    const { model } = await bareHost(ampereMdev());
    expect(realPath(model.sys, `${pf}/driver`)).toBe("/bus/pci/drivers/nouveau");
    expect(await readText(model.sys, `${pf}/sriov_numvfs`)).toBe("0\n");
    expect(await readText(model.sys, `${pf}/sriov_totalvfs`)).toBe("32\n");
    expect(namesIn(model.sys, pf).filter((name) => name.startsWith("virtfn"))).toEqual([]);
    expect(namesIn(model.sys, "/module")).toContain("nouveau");
  });

  it("has a console adapter of another vendor and another vendor's SR-IOV functions", async () => {
    const { model } = await bareHost(ampereMdev());
    expect(await readText(model.sys, "/bus/pci/devices/0000:01:00.1/boot_vga")).toBe("1\n");
    expect(await readText(model.sys, "/bus/pci/devices/0000:01:00.1/vendor")).toBe("0x102b\n");
    expect(await readText(model.sys, "/bus/pci/devices/0000:04:00.0/sriov_totalvfs")).toBe("7\n");
    expect(namesIn(model.sys, pf)).not.toContain("boot_vga");
  });

  it("gives boot_vga to a GPU that drives the console", async () => {
    const { model } = await bareHost(ampereMdev({ bootVga: true }));
    expect(await readText(model.sys, `${pf}/boot_vga`)).toBe("1\n");
    expect(await readText(model.sys, "/bus/pci/devices/0000:01:00.1/boot_vga")).toBe("0\n");
  });

  it("has no IOMMU unit, group or link with the IOMMU off", async () => {
    const { model } = await bareHost(ampereMdev({ iommu: false }));
    expect(namesIn(model.sys, "/class/iommu")).toEqual([]);
    expect(namesIn(model.sys, "/kernel/iommu_groups")).toEqual([]);
    expect(namesIn(model.sys, pf)).not.toContain("iommu_group");
  });

  it("has one IOMMU group per function, which links back to it", async () => {
    const { model } = await bareHost(ampereMdev());
    const group = realPath(model.sys, `${pf}/iommu_group`);
    expect(realPath(model.sys, `${group}/devices/0000:41:00.0`)).toBe(realPath(model.sys, pf));
    expect(namesIn(model.sys, "/class/iommu")).toEqual(["dmar0", "dmar1"]);
  });

  it("has no link that leads nowhere", async () => {
    const { model } = await a2();
    const dangling: string[] = [];
    const walk = (path: string) => {
      for (const name of model.sys.list(path)) {
        const child = `${path === "/" ? "" : path}/${name}`;
        const node = model.sys.lookup(child);
        if (node?.kind === "dir") walk(child);
        if (node?.kind === "link" && resolve(model.sys, child) === undefined) dangling.push(child);
        expect(node, child).toBeDefined();
      }
    };
    walk("/");
    expect(dangling).toEqual([]);
  });
});

describe("virtual functions", () => {
  it("wrap every eight functions into the next slot", async () => {
    const { model } = await readyHost(ampereMdev());
    const target = (index: number) => realPath(model.sys, `${pf}/virtfn${index}`)?.split("/").at(-1);
    expect([target(0), target(3), target(4), target(31)]).toEqual([
      "0000:41:00.4",
      "0000:41:00.7",
      "0000:41:01.0",
      "0000:41:04.3",
    ]);
  });

  it("carry the PF's ids, subsystem 0000, a link to the PF and an unreadable head of config", async () => {
    const { model } = await readyHost(ampereMdev());
    const vf = "/bus/pci/devices/0000:41:02.0";
    expect(await readText(model.sys, `${vf}/device`)).toBe("0x2235\n");
    expect(await readText(model.sys, `${vf}/subsystem_device`)).toBe("0x0000\n");
    expect(realPath(model.sys, `${vf}/physfn`)).toBe(realPath(model.sys, pf));
    const node = resolve(model.sys, `${vf}/config`);
    const config = node?.kind === "file" ? ((await node.read()) as Buffer) : Buffer.alloc(0);
    expect(config.readUInt32LE(0)).toBe(0xffffffff);
  });

  it("are made by nothing but sriov-manage: a raw write fails", async () => {
    const { model } = await managedHost(ampereMdev());
    const write = (text: string) => writeText(model.sys, `${pf}/sriov_numvfs`, text);
    await expect(write("4")).rejects.toMatchObject({ errno: "ENOENT" });
    await expect(write("33")).rejects.toMatchObject({ errno: "ERANGE" });
    await expect(write("many")).rejects.toMatchObject({ errno: "EINVAL" });
    const { model: bare } = await bareHost(ampereMdev());
    await expect(writeText(bare.sys, `${pf}/sriov_numvfs`, "4")).rejects.toMatchObject({ errno: "ENOENT" });
  });
});

describe("driver binding", () => {
  it("ends the VFs and vGPUs of a GPU that is unbound", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    await writeText(scene.model.sys, "/bus/pci/drivers/nvidia/unbind", "0000:41:00.0");
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([]);
    expect(namesIn(scene.model.sys, "/bus/pci/devices")).not.toContain("0000:41:00.4");
    await writeText(scene.model.sys, "/bus/pci/drivers/nvidia/bind", "0000:41:00.0");
    expect(realPath(scene.model.sys, `${pf}/driver`)).toBe("/bus/pci/drivers/nvidia");
  });

  it("wedges a VF that is unbound and bound again", async () => {
    const scene = await readyHost(ampereMdev());
    await writeText(scene.model.sys, "/bus/pci/drivers/nvidia/unbind", "0000:41:00.4");
    await writeText(scene.model.sys, "/bus/pci/drivers/nvidia/bind", "0000:41:00.4");
    const make = createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    await expect(make).rejects.toMatchObject({ errno: "EIO" });
  });

  it("follows driver_override to vfio-pci and back", async () => {
    const { machine, model } = await managedHost(turingLegacy());
    const device = "/bus/pci/devices/0000:3b:00.0";
    await machine.modules.load("vfio_pci");
    expect(await readText(model.sys, `${device}/driver_override`)).toBe("(null)\n");
    await writeText(model.sys, `${device}/driver_override`, "vfio-pci");
    await writeText(model.sys, `${device}/driver/unbind`, "0000:3b:00.0");
    await writeText(model.sys, "/bus/pci/drivers_probe", "0000:3b:00.0");
    expect(realPath(model.sys, `${device}/driver`)).toBe("/bus/pci/drivers/vfio-pci");
    expect(namesIn(model.sys, "/class/mdev_bus")).toEqual([]);
  });

  it("keeps the modules while they are in use, and loses everything when they go", async () => {
    const scene = await readyHost(ampereMdev());
    const { machine, model } = scene;
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    const release = await model.hold(uuid(1), { vmName: "desk-1", vmUuid: uuid(9) });
    await expect(machine.modules.unload("nvidia_vgpu_vfio")).rejects.toMatchObject({ errno: "EBUSY" });
    await release();
    await machine.stopUnit("nvidia-vgpu-mgr.service");
    await machine.modules.unload("nvidia_vgpu_vfio");
    await machine.modules.unload("nvidia");
    expect(namesIn(model.sys, pf)).not.toContain("driver");
    expect(await readText(model.sys, `${pf}/sriov_numvfs`)).toBe("0\n");
  });
});

describe("an unknown board", () => {
  it("is refused by name", () => {
    const gpus = [{ board: "NVIDIA B9000", address: "0000:41:00.0" }];
    expect(() => new GpuModel({ gpus, sriovInterface: "mdev" })).toThrow("NVIDIA B9000");
  });
});

describe.skipIf(!sharedFactsPresent)("against the capture of a real A2", () => {
  interface Entry {
    type: string;
    content?: string;
    target?: string;
  }
  const differs = /^(config|resource|local_cpu.*|irq|iommu_group|iommu|numa_node)$/;
  const ours = async (model: GpuModel, path: string) => {
    const node = model.sys.lookup(path);
    if (node?.kind === "link") return { type: "symlink", target: node.target };
    if (node?.kind === "file") return { type: "file", content: (await node.read()).toString() };
    return { type: node?.kind };
  };

  it.each([
    ["PF", "0000:08:00.0"],
    ["VF with an mdev", "0000:08:00.4"],
  ])("has the files of the %s with the same content", async (_name, address) => {
    const { entries } = JSON.parse(sharedText("captures/sysfs/a2-node.json")) as {
      entries: Record<string, Entry>;
    };
    const { model } = await a2();
    const real = `/sys/devices/pci0000:00/0000:00:03.0/${address}/`;
    const mine = realPath(model.sys, `/bus/pci/devices/${address}`);
    const seen: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const [path, entry] of Object.entries(entries)) {
      const name = path.startsWith(real) ? path.slice(real.length) : "";
      if (name === "" || name.includes("/") || differs.test(name) || /^[0-9a-f]{8}-/.test(name)) continue;
      const { type, content, target } = entry;
      expected[name] = { type, ...(content === undefined ? {} : { content }), ...(target && { target }) };
      const found = await ours(model, `${mine}/${name}`);
      seen[name] = type === "dir" ? { type: found.type } : found;
    }
    expect(Object.keys(expected).length).toBeGreaterThan(20);
    expect(seen).toEqual(expected);
  });

  it("has the captured types with their descriptions, all of one size left", async () => {
    const { model } = await a2();
    const folder = "/class/mdev_bus/0000:08:00.5/mdev_supported_types";
    for (const line of sharedText("domain/sample-outputs/sysfs-sriov-mdev.a2.types.txt").trim().split("\n")) {
      const [, id, file, value] = /^mdev_supported_types\/(.*)\/(.*): (.*)$/.exec(line) ?? [];
      expect(`${id} ${file} ${await readText(model.sys, `${folder}/${id}/${file}`)}`).toBe(
        `${id} ${file} ${value}\n`,
      );
    }
  });

  it("has the captured list of an L40S's creatable types", async () => {
    const { adaVendorVfio } = await import("./kinds.js");
    const { model } = await readyHost(adaVendorVfio());
    const text = await readText(model.sys, "/bus/pci/devices/0000:26:00.4/nvidia/creatable_vgpu_types");
    const lines = sharedText("domain/sample-outputs/sysfs-vendor-vfio.creatable_vgpu_types.l40s.txt")
      .trim()
      .split("\n");
    expect(text.trim().split("\n")).toEqual(expect.arrayContaining(lines));
  });
});
