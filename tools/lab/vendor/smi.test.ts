import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseSmiTypes } from "../../../provider/observe/parse-smi-types.js";
import { FakeDriver } from "./fake-driver.js";

const a40 = `slot 0000:41:00.0
index 0
name NVIDIA A40
uuid GPU-3bd3ee9c-0000-5000-8000-00410000cafe
device 2235
subsystem 145a
framebuffer-mib 49152
bar1-mib 65536
total-vfs 32
vfs 32
mixed-size 0
mig-capable 0
mig-now 0
mig-next 0
scheduler 2 1 33 0
type 558 23 NVIDIA A40-2Q
type 562 0 NVIDIA A40-8Q
vgpu 3251634243 0000:41:00.4 558 2048 0 N/A 1 4711 8e5d0000-0000-4000-8000-000000000001 1c0e0000-0000-4000-8000-000000000002 desk 1
`;
const a100 = `slot 0000:65:00.0
index 1
name NVIDIA A100-PCIE-40GB
uuid GPU-3bd3ee9c-0000-5000-8000-00650000cafe
device 20f1
subsystem 145f
framebuffer-mib 40960
bar1-mib 65536
total-vfs 16
vfs 16
mixed-size N/A
mig-capable 1
mig-now 1
mig-next 1
scheduler 1 0 33 0
gi-profile 19 1 1 6 7 4864 1g.5gb
gi-profile 0 7 8 0 1 40448 7g.40gb
gpu-instance 13 19 6 1 1g.5gb
compute-instance 13 0 0 1
`;
const types = `type 558 2235 - 2048 1920 24 4 7680x4320 60 Quadro Q 1 - - vWS NVIDIA A40-2Q
type 562 2235 - 8192 7680 6 4 7680x4320 60 Quadro Q 1 - - vWS NVIDIA A40-8Q
type 474 20f1 - 5120 4864 7 1 4096x2160 60 Compute C 0 19 1 AIE GRID A100-1-5C
end
`;

describe("nvidia-smi of a host", () => {
  let driver: FakeDriver;
  beforeEach(() => {
    driver = new FakeDriver("host");
    driver.gpu("0000:41:00.0", a40);
    driver.gpu("0000:65:00.0", a100);
    driver.write("proc/driver/nvidia/vgpu-types", types);
  });
  afterEach(() => driver.remove());

  it("prints tables whose lines all have the captured width", () => {
    for (const [args, width] of [
      [[], 79],
      [["vgpu"], 79],
      [["mig", "-lgip"], 79],
      [["mig", "-lgi"], 57],
      [["mig", "-lci"], 70],
    ] as const) {
      const { stdout } = driver.smi(...args);
      const lines = stdout.split("\n").filter((line) => /^[|+]/.test(line));
      expect(lines.length, args.join(" ")).toBeGreaterThan(5);
      for (const line of lines) expect(line.length, line).toBe(width);
    }
  });

  it("lists a vGPU that a VM has open, with its VM", () => {
    expect(driver.smi("vgpu").stdout).toContain(
      "|      3251634243  NVIDIA A40-2Q  | 1c0e...  desk 1              |      0%    |",
    );
    const { stdout } = driver.smi("vgpu", "-q", "-i", "0000:41:00.0");
    expect(stdout).toContain("GPU 00000000:41:00.0\n    Active vGPUs                          : 1\n");
    expect(stdout).toContain(
      "        MDEV UUID                         : 8e5d0000-0000-4000-8000-000000000001\n",
    );
    expect(stdout).toContain("        VM Name                           : desk 1\n");
    expect(stdout).toContain("        vGPU Type                         : 558\n");
  });

  it("names its types so that the provider's parser reads them", () => {
    const { stdout } = driver.smi("vgpu", "-s", "-v", "-i", "00000000:41:00.0");
    expect(stdout).toContain("    vGPU Type ID                          : 0x22e\n");
    expect(parseSmiTypes(stdout.split("\n"))).toEqual([
      { vgpuTypeId: 558, name: "NVIDIA A40-2Q", framebufferMiB: 2048, maxInstances: 24, available: null },
      { vgpuTypeId: 562, name: "NVIDIA A40-8Q", framebufferMiB: 8192, maxInstances: 6, available: null },
    ]);
    expect(driver.smi("vgpu", "-c", "-i", "0").stdout).toBe("GPU 00000000:41:00.0\n    NVIDIA A40-2Q\n");
  });

  it("answers a query as comma separated values", () => {
    const list = "--query-gpu=name,pci.bus_id,mig.mode.current";
    expect(driver.smi(list, "--format=csv,noheader").stdout).toBe(
      "NVIDIA A40, 00000000:41:00.0, [N/A]\nNVIDIA A100-PCIE-40GB, 00000000:65:00.0, Enabled\n",
    );
    expect(driver.smi("-i", "0", "--query-gpu=memory.used", "--format=csv").stdout).toBe(
      "memory.used [MiB]\n2048 MiB\n",
    );
    expect(driver.smi("--query-gpu=frob", "--format=csv")).toMatchObject({
      code: 2,
      stdout: 'Field "frob" is not a valid field to query.\n',
    });
  });

  it("sets mixed-size mode and the scheduler through the driver", () => {
    expect(driver.smi("vgpu", "-i", "0", "-shm", "1").stdout).toBe(
      "Enabled vGPU heterogeneous mode for GPU 00000000:41:00.0\n",
    );
    expect(driver.command("0000:41:00.0")).toBe("mixed-size 1");
    driver.smi("vgpu", "set-scheduler-state", "-i", "0", "-p", "2", "-asf", "2000", "-aavg", "0");
    expect(driver.command("0000:41:00.0")).toMatch(/^scheduler 2 1 1 \d+$/);
    driver.smi("vgpu", "set-scheduler-state", "-i", "0", "-p", "3", "-a", "0", "-ts", "1");
    expect(driver.command("0000:41:00.0")).toMatch(/^scheduler 3 0 33 1000000\s*/);
    expect(driver.smi("vgpu", "set-scheduler-state", "-p", "7")).toMatchObject({
      code: 3,
      stdout: "Unable to set the vGPU scheduler state. Not supported\n",
    });
  });

  it("ends with 6 for a GPU that is not there, and with 9 without a driver", () => {
    expect(driver.smi("vgpu", "-i", "7", "-shm", "1")).toMatchObject({
      code: 6,
      stdout: "No devices were found\n",
    });
    const empty = new FakeDriver("host");
    expect(empty.smi().code).toBe(6);
    empty.remove();
  });
});

describe("nvidia-smi of a guest", () => {
  it("has the license section, and no vGPUs of its own", () => {
    const driver = new FakeDriver("guest");
    driver.gpu(
      "0000:06:00.0",
      "slot 0000:06:00.0\nindex 0\nname NVIDIA A40-8Q\nuuid GPU-1\ndevice 2235\nsubsystem 14dc\nframebuffer-mib 8192\nguest-type 562\n",
    );
    driver.write("run/nvidia-gridd/license", "2026-11-26 10:41:16 GMT\n");
    expect(driver.smi("-q").stdout).toContain(
      [
        "    vGPU Software Licensed Product",
        "        Product Name                      : NVIDIA RTX Virtual Workstation",
        "        License Status                    : Licensed (Expiry: 2026-11-26 10:41:16 GMT)",
      ].join("\n"),
    );
    expect(driver.smi("vgpu").stdout).toBe("No supported devices in vGPU mode\n");
    driver.remove();
  });
});
