import { describe, expect, it } from "vitest";
import { adaVendorVfio, ampereMdev, turingLegacy } from "./kinds.js";
import { createMdev, type HostScene, managedHost, readyHost, uuid } from "./scenes.js";
import { sharedFactsPresent, sharedText } from "./shared-facts.js";
import { writeText } from "./sys-nodes.js";

const smi = async ({ machine }: HostScene, ...argv: string[]) =>
  (await machine.call("/usr/bin/nvidia-smi", ...argv)).stdout;

/** Returns the key-value lines of a report as `depth key` → values. */
function keys(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const match = /^( *)([^:]+?) *: (.*)$/.exec(line);
    if (match === null) continue;
    const key = `${(match[1] ?? "").length / 4} ${match[2]}`;
    found.set(key, [...(found.get(key) ?? []), match[3] ?? ""]);
  }
  return found;
}

describe("nvidia-smi of a host", () => {
  it("ends with 9 while the driver is not loaded, and with 6 without a GPU", async () => {
    const scene = await managedHost(ampereMdev());
    await scene.machine.stopUnit("nvidia-vgpu-mgr.service");
    await writeText(scene.model.sys, "/bus/pci/drivers/nvidia/unbind", "0000:41:00.0");
    expect((await scene.machine.call("/usr/bin/nvidia-smi")).code).toBe(6);
    await scene.machine.modules.unload("nvidia_vgpu_vfio");
    await scene.machine.modules.unload("nvidia");
    const gone = await scene.machine.call("/usr/bin/nvidia-smi");
    expect(gone.code).toBe(9);
    expect(gone.stdout).toContain("couldn't communicate with the NVIDIA driver");
  });

  it("finds no GPU while somebody has the unbind lock", async () => {
    const scene = await readyHost(adaVendorVfio());
    scene.model.setFaults({ unbindHeld: 1 });
    const held = await scene.machine.call("/usr/bin/nvidia-smi", "vgpu", "-s");
    expect(held).toMatchObject({ code: 6, stdout: "No devices were found\n" });
    expect((await scene.machine.call("/usr/bin/nvidia-smi", "vgpu", "-s")).code).toBe(0);
  });

  it("prints the version in its banner and lists GPUs", async () => {
    const scene = await managedHost(ampereMdev());
    expect(await smi(scene)).toMatch(
      /NVIDIA-SMI 550\.127\.06 +Driver Version: 550\.127\.06 +CUDA Version: N\/A/,
    );
    expect(await smi(scene, "-L")).toMatch(/^GPU 0: NVIDIA A40 \(UUID: GPU-[0-9a-f-]{36}\)\n$/);
  });

  it("reports host mode, addresses with an 8-digit domain, and memory", async () => {
    const report = keys(await smi(await managedHost(ampereMdev()), "-q"));
    expect(report.get("2 Virtualization Mode")).toEqual(["Host VGPU"]);
    expect(report.get("2 Host VGPU Mode")).toEqual(["SR-IOV"]);
    expect(report.get("2 Bus Id")).toEqual(["00000000:41:00.0"]);
    const legacy = keys(await smi(await managedHost(turingLegacy()), "-q"));
    expect(legacy.get("2 Host VGPU Mode")).toEqual(["Non SR-IOV"]);
  });

  it("answers --query-gpu as csv, with and without a header, and names an unknown field", async () => {
    const scene = await managedHost(ampereMdev());
    const query = "--query-gpu=name,pci.bus_id,mig.mode.current";
    const row = "NVIDIA A40, 00000000:41:00.0, [N/A]\n";
    expect(await smi(scene, query, "--format=csv,noheader")).toBe(row);
    expect(await smi(scene, query, "--format=csv")).toBe(`name, pci.bus_id, mig.mode.current\n${row}`);
    const unknown = await scene.machine.call("/usr/bin/nvidia-smi", "--query-gpu=colour", "--format=csv");
    expect(unknown).toMatchObject({ code: 2, stdout: 'Field "colour" is not a valid field to query.\n' });
  });

  it("lists supported and creatable types, ids in hexadecimal", async () => {
    const scene = await readyHost(ampereMdev());
    const block = keys(await smi(scene, "vgpu", "-s", "-v", "-i", "0000:41:00.0"));
    const at = block.get("2 Name")?.indexOf("NVIDIA A40-8Q") ?? -1;
    expect(block.get("1 vGPU Type ID")?.[at]).toBe("0x232");
    expect(block.get("2 FB Memory")?.[at]).toBe("8192 MiB");
    expect(block.get("2 Max Instances")?.[at]).toBe("6");
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    const creatable = (await smi(scene, "vgpu", "-c")).split("\n").slice(1, -1);
    expect(creatable.every((line) => /^ {4}NVIDIA A40-8[A-Z]$/.test(line))).toBe(true);
    expect(creatable.length).toBeGreaterThan(1);
  });

  it("reports a vGPU once a VM runs it, with MDEV UUID for an mdev only", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    expect(await smi(scene, "vgpu", "-q")).toBe(
      "GPU 00000000:41:00.0\n    Active vGPUs                          : 0\n",
    );
    await scene.model.hold(uuid(1), { vmName: "desk-1", vmUuid: uuid(9) });
    const block = keys(await smi(scene, "vgpu", "-q"));
    expect(block.get("2 VM Name")).toEqual(["desk-1"]);
    expect(block.get("2 vGPU Type")).toEqual(["562"]);
    expect(block.get("2 MDEV UUID")).toEqual([uuid(1)]);
    expect(block.get("2 License Status")).toEqual(["N/A (Expiry: N/A)"]);
    expect(await smi(scene, "vgpu")).toMatch(/desk-1/);
    const vendor = await readyHost(adaVendorVfio());
    await writeText(vendor.model.sys, "/bus/pci/devices/0000:26:00.4/nvidia/current_vgpu_type", "1152");
    await vendor.model.hold("0000:26:00.4", { vmName: "desk-2", vmUuid: uuid(8) });
    expect(await smi(vendor, "vgpu", "-q")).not.toContain("MDEV UUID");
  });

  it("sets mixed-size mode only while no vGPU exists", async () => {
    const scene = await readyHost(ampereMdev());
    expect(await smi(scene, "vgpu", "-i", "0", "-shm", "1")).toBe(
      "Enabled vGPU heterogeneous mode for GPU 00000000:41:00.0\n",
    );
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    await createMdev(scene, { parent: "0000:41:00.5", type: 560, uuid: uuid(2) });
    const refused = await scene.machine.call("/usr/bin/nvidia-smi", "vgpu", "-i", "0", "-shm", "0");
    expect(refused.code).toBe(19);
    expect(refused.stdout).toContain("In use by another client");
  });
});

describe.skipIf(!sharedFactsPresent)("against outputs of real hosts", () => {
  const sample = (name: string) => keys(sharedText(`domain/sample-outputs/${name}`));
  const subset = (mine: Map<string, string[]>, real: Map<string, string[]>) =>
    [...mine.keys()].filter((key) => !real.has(key));

  it("has no key in `-q` that real reports do not have", async () => {
    const report = keys(await smi(await readyHost(ampereMdev()), "-q"));
    const real = new Map([
      ...sample("nvidia-smi-q.host-510-p10.txt"),
      ...sample("nvidia-smi-q.host-580-rtx-pro-6000.txt"),
    ]);
    // Named in the user guide, in no capture.
    expect(subset(report, real)).toEqual(["2 vGPU Heterogeneous Mode"]);
  });

  it("has the keys of `vgpu -q` and `vgpu -s -v` in the same columns", async () => {
    const scene = await readyHost(ampereMdev());
    await createMdev(scene, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    await scene.model.hold(uuid(1), { vmName: "desk-1", vmUuid: uuid(9) });
    const running = new Map([
      ...sample("nvidia-smi-vgpu-q.mdev.txt"),
      ...sample("nvidia-smi-vgpu-q.vendor-vfio.txt"),
    ]);
    expect(subset(keys(await smi(scene, "vgpu", "-q")), running)).toEqual([]);
    const types = new Map([
      ...sample("nvidia-smi-vgpu-s-v.m60.txt"),
      ...sample("nvidia-smi-vgpu-s-v.rtx-pro-6000.txt"),
    ]);
    expect(subset(keys(await smi(scene, "vgpu", "-s", "-v")), types)).toEqual([]);
    const colon = (text: string) =>
      text
        .split("\n")
        .find((line) => line.includes(" : "))
        ?.indexOf(" : ");
    const real = sharedText("domain/sample-outputs/nvidia-smi-vgpu-q.mdev.txt");
    expect(colon(await smi(scene, "vgpu", "-q"))).toBe(colon(real));
  });
});
