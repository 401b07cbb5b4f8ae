import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { captureText } from "../captures.js";

const [first, second] = ["1f0c3a52-8c4e-5b6f-9a01-000000000001", "1f0c3a52-8c4e-5b6f-9a01-000000000002"];

function factsOf(kind: string): HostFacts {
  return parseHostFacts(captureText(`observe-host.${kind}.txt`), "root@kvm-02:22");
}

describe("parseHostFacts", () => {
  it("reads the machine", () => {
    expect(factsOf("mdev-on-vf")).toMatchObject({
      machineId: "6f1d0c9b5e3a4d7f8a2b1c0d9e8f7a6b",
      bootId: "7c5d1c4e-94b0-4c7e-9a67-0a54a7b2f001",
      hostname: "kvm-02",
      kernel: "6.1.0-13-amd64",
      architecture: "x86_64",
      osName: "Debian GNU/Linux 12 (bookworm)",
      secureBoot: "disabled",
      tools: new Set(["gcc", "make", "mdevctl", "systemctl", "nvidia-smi", "sriov-manage"]),
      kernelHeaders: true,
      nouveauLoaded: false,
      nouveauBlockedBy: ["/etc/modprobe.d/pulumi-vgpu-nouveau.conf"],
      loadedDriver: "550.127.06",
      installedDriver: "550.127.06",
      uploads: ["ab".repeat(32)],
      iommuUnits: ["dmar0", "dmar1"],
      kernelCommandLine: "root=UUID=1234 ro quiet intel_iommu=on",
    });
  });

  it("reads services, in whatever order systemd prints their properties", () => {
    expect(factsOf("mdev-on-vf").services).toEqual({
      "nvidia-vgpud.service": { load: "loaded", active: "inactive", result: "success", enabled: true },
      "nvidia-vgpu-mgr.service": { load: "loaded", active: "active", result: "success", enabled: true },
      "libvirtd.service": { load: "not-found", active: "inactive", result: "success", enabled: false },
      "pulumi-vgpu.service": { load: "loaded", active: "active", result: "success", enabled: true },
    });
  });

  it("reads a GPU with virtual functions, in the order of their numbers", () => {
    const [gpu] = factsOf("mdev-on-vf").gpus;
    expect(gpu).toMatchObject({
      address: "0000:08:00.0",
      deviceId: "10de:25b6",
      subsystemId: "10de:157e",
      driver: "nvidia",
      bootVga: false,
      iommuGroup: 38,
      totalVfs: 16,
      vgpuInterface: "mdev-on-vf",
      absence: null,
    });
    expect(gpu?.virtualFunctions.length).toBe(16);
    expect(gpu?.virtualFunctions[4]).toEqual({ vfAddress: "0000:08:01.0", vfIndex: 4, driver: "nvidia" });
    expect(gpu?.virtualFunctions[12]?.vfAddress).toBe("0000:08:02.0");
    expect(
      gpu?.virtualFunctions.filter(({ driver }) => driver === null).map(({ vfIndex }) => vfIndex),
    ).toEqual([7]);
  });

  it("reads the offered types with their sizes and limits, and how many more of each a free function takes", () => {
    expect(factsOf("mdev-on-vf").gpus[0]).toMatchObject({
      offeredTypes: [
        { vgpuTypeId: 745, name: "NVIDIA A2-2Q", framebufferMiB: 2048, maxInstances: 8, available: 0 },
        { vgpuTypeId: 746, name: "NVIDIA A2-4Q", framebufferMiB: 4096, maxInstances: 4, available: 1 },
        { vgpuTypeId: 752, name: "NVIDIA A2-4C", framebufferMiB: 4096, maxInstances: 4, available: 1 },
      ],
      allTypesKnown: true,
    });
  });

  it("takes the types of vendor-specific VFIO for all only where nvidia-smi names those that live, or nothing lives", () => {
    const text = captureText("observe-host.vendor-vfio.txt");
    const known = (output: string) => parseHostFacts(output, "here").gpus[0]?.allTypesKnown;
    expect(known(text)).toBe(false);
    expect(known(text.replace(/^vendor-type.*\t9999$/m, ""))).toBe(true);
    expect(known(text.replace(/^smi-type.*$/gm, ""))).toBe(false);
    expect(known(text.replace(/^(smi-type.*|vendor-type.*\t(1152|9999))$/gm, ""))).toBe(true);
    expect(parseHostFacts(text, "here").gpus[0]?.offeredTypes).toEqual([
      { vgpuTypeId: 1152, name: "NVIDIA L40S-8Q", framebufferMiB: 8192, maxInstances: 6, available: 1 },
      { vgpuTypeId: 1162, name: "NVIDIA L40S-8A", framebufferMiB: null, maxInstances: null, available: 1 },
    ]);
  });

  it("reads live mdevs with the VMs that hold them, each process once, or the VM that the driver names", () => {
    const live = { vgpuTypeId: 746, typeName: "NVIDIA A2-4Q" };
    expect(factsOf("mdev-on-vf").gpus[0]?.vgpus).toEqual([
      { ...live, mdevUuid: first, parent: "0000:08:00.4", holders: [{ pid: 4711, domainName: "desk-1" }] },
      { ...live, mdevUuid: second, parent: "0000:08:00.5", holders: [{ pid: 0, domainName: "desk-2" }] },
    ]);
  });

  it("reads mdevctl's definitions", () => {
    expect(factsOf("mdev-on-vf").mdevDefinitions).toEqual([
      { mdevUuid: first, parent: "0000:08:00.4", mdevType: "nvidia-746", start: "manual" },
    ]);
  });

  it("knows no definitions where mdevctl says something else, and tells what", () => {
    const facts = parseHostFacts("mdevctl\tError:\tno such\nmdevctl\tfolder\nend\thost\n", "x");
    expect(facts.mdevDefinitions).toEqual([]);
    expect(facts.unread).toEqual([{ part: "mdevctl", saw: "Error:\tno such folder (mdevctl list)" }]);
  });

  it("reads our manifest", () => {
    const common = { owner: "shop/dev", carrier: "0000:08:00.0", typeName: "NVIDIA A2-4Q" };
    expect(factsOf("mdev-on-vf").manifest).toEqual({
      format: "1",
      owner: "shop/dev/kvm-02",
      formerStacks: [],
      nouveauFound: true,
      nouveauBlock: "done",
      driver: { state: "done", version: "550.127.06", bootId: "5a0e0000-94b0-4c7e-9a67-0a54a7b2f000" },
      bootFiles: { restore: "11".repeat(32), "pulumi-vgpu.service": "22".repeat(32) },
      gpus: { "0000:08:00.0": { vfs: 16 } },
      vgpus: [
        {
          ...common,
          uuid: first,
          state: "done",
          name: "desk:1=a",
          parent: "0000:08:00.4",
          keep: true,
          adopted: false,
        },
        {
          ...common,
          uuid: second,
          state: "intent",
          name: "desk-2",
          parent: "0000:08:00.5",
          keep: false,
          adopted: true,
        },
      ],
    });
  });

  it("reads GPUs in the order of their addresses, with why they offer nothing", () => {
    const gpus = factsOf("legacy").gpus;
    expect(
      gpus.map(({ address, driver, absence, bootVga }) => ({ address, driver, absence, bootVga })),
    ).toEqual([
      { address: "0000:3b:00.0", driver: "nvidia", absence: null, bootVga: false },
      {
        address: "0000:af:00.0",
        driver: "nouveau",
        absence: "the GPU is bound to the driver nouveau, not to the vGPU manager",
        bootVga: true,
      },
      { address: "0001:0a:00.0", driver: null, absence: "no driver is bound to the GPU", bootVga: false },
    ]);
  });

  it("reads a legacy board, and who holds its mdev by the device file of newer kernels", () => {
    const facts = factsOf("legacy");
    expect(facts.gpus[0]).toMatchObject({ vgpuInterface: "mdev-on-pf", totalVfs: 0, virtualFunctions: [] });
    expect(facts.gpus[0]?.vgpus).toEqual([
      {
        mdevUuid: first,
        parent: "0000:3b:00.0",
        vgpuTypeId: 267,
        typeName: "GRID RTX8000-4Q",
        holders: [{ pid: 99, domainName: "cloud-hypervisor (/run/ch.sock)" }],
      },
    ]);
    expect(facts.installation.driverPackages).toEqual([{ name: "nvidia-kernel-common", held: false }]);
    expect(facts.manifest).toEqual({
      format: "1",
      owner: null,
      formerStacks: [],
      nouveauFound: false,
      nouveauBlock: null,
      driver: null,
      bootFiles: {},
      gpus: {},
      vgpus: [],
    });
  });

  it("reads vendor-specific VFIO: types from nvidia-smi and from a free function, a live one that nobody names", () => {
    const facts = factsOf("vendor-vfio");
    expect(facts.secureBoot).toBe("unknown");
    expect(facts.gpus[0]).toMatchObject({
      vgpuInterface: "vendor-vfio",
      absence: null,
      offeredTypes: [
        { vgpuTypeId: 1152, name: "NVIDIA L40S-8Q", framebufferMiB: 8192, maxInstances: 6 },
        { vgpuTypeId: 1162, name: "NVIDIA L40S-8A", framebufferMiB: null, maxInstances: null },
      ],
      vgpus: [
        {
          mdevUuid: null,
          parent: "0000:26:00.4",
          vgpuTypeId: 1152,
          typeName: "NVIDIA L40S-8Q",
          holders: [{ pid: 812, domainName: "render-1" }],
        },
        {
          mdevUuid: null,
          parent: "0000:26:00.7",
          vgpuTypeId: 9999,
          typeName: null,
          holders: [{ pid: 813, domainName: "an unnamed process" }],
        },
      ],
    });
  });

  it("refuses half an answer", () => {
    const text = captureText("observe-host.mdev-on-vf.txt");
    for (const half of ["", text.slice(0, text.length / 2), text.replace("end\thost\n", "")]) {
      expect(() => parseHostFacts(half, "root@kvm-02:22")).toThrow(
        "VGPU_PROTOCOL root@kvm-02:22: cannot observe the host",
      );
    }
    expect(() => parseHostFacts("Welcome!\n", "root@kvm-02:22")).toThrow(
      `VGPU_PROTOCOL root@kvm-02:22: cannot observe the host
Saw: 9 characters that end with "Welcome!\\n"
Expected: fact lines that end with "end host"
Next: run again; if it stays, look at the machine's login shell and its /bin/sh`,
    );
  });

  it("does not take the end of something else for its own", () => {
    expect(() => parseHostFacts("kernel\t6.1\nend\tguest\n", "x")).toThrow("VGPU_PROTOCOL");
  });

  it("does not mind what a login shell prints before the facts", () => {
    const text = `Last login: today\n${captureText("observe-host.legacy.txt")}`;
    expect(parseHostFacts(text, "x")).toEqual(factsOf("legacy"));
  });
});
