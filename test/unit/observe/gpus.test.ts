import { describe, expect, it } from "vitest";
import type { GpuFacts } from "../../../provider/model/facts.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseCreatable, parseGpus } from "../../../provider/observe/parse-gpus.js";

/** GPUs of a host that says these facts, `|` between their fields. */
function gpusOf(...lines: readonly string[]): GpuFacts[] {
  const text = lines.map((line) => line.replaceAll("|", "\t")).join("\n");
  return parseGpus(parseFactLines(`${text}\nend\thost\n`, "host", "here"));
}

const one = "0000:3b:00.0";
const two = "0000:5e:00.0";
const vf = "0000:3b:00.4";

/** A GPU of which nothing but this is said. */
const silent: GpuFacts = {
  address: one,
  deviceId: "10de:2235",
  subsystemId: "10de:145a",
  driver: null,
  bootVga: false,
  iommuGroup: null,
  totalVfs: 0,
  virtualFunctions: [],
  kernelLog: [],
  vgpuInterface: null,
  offeredTypes: [],
  allTypesKnown: true,
  vgpus: [],
  absence: "no driver is bound to the GPU",
};
const gpu = `gpu|${one}|0x2235|0x10de:0x145a|0|0`;
const bound = `link|/sys/bus/pci/devices/${one}/driver|../../../bus/pci/drivers/nvidia`;

describe("a GPU of a host", () => {
  it("is what its own lines say, in the order of addresses, whatever order they come in", () => {
    const other = `gpu|${two}|0x1eb8|0x10de:0x12a2|1|16`;
    expect(gpusOf(other, gpu)).toEqual([
      silent,
      {
        ...silent,
        address: two,
        deviceId: "10de:1eb8",
        subsystemId: "10de:12a2",
        bootVga: true,
        totalVfs: 16,
      },
    ]);
  });

  it("has empty texts for what was not said of it", () => {
    expect(gpusOf("gpu")).toEqual([{ ...silent, address: "", deviceId: "10de:", subsystemId: "" }]);
  });

  it("takes off a number's prefix only where it begins", () => {
    expect(gpusOf(`gpu|${one}|220x35|10de:0x145a|0|0`)[0]).toMatchObject({
      deviceId: "10de:220x35",
      subsystemId: "10de:145a",
    });
  });

  it("has the driver, the group and the functions that its links name, functions by their number", () => {
    const at = `/sys/bus/pci/devices/${one}`;
    const [found] = gpusOf(
      gpu,
      `link|${at}/driver/|nvidia`,
      `link|${at}/iommu_group|/sys/kernel/iommu_groups/27`,
      `link|${at}/virtfn10|../0000:3b:01.6`,
      `link|${at}/virtfn2|../${vf}`,
      `link|${at}/virtual|../0000:3b:07.7`,
      `link|/sys/bus/pci/devices/${vf}/driver|../vfio-pci`,
    );
    expect(found).toMatchObject({
      driver: "nvidia",
      iommuGroup: 27,
      virtualFunctions: [
        { vfAddress: vf, vfIndex: 2, driver: "vfio-pci" },
        { vfAddress: "0000:3b:01.6", vfIndex: 10, driver: null },
      ],
    });
  });

  it("has the kernel's lines of its own, 12 of them at most, none longer than 300 characters", () => {
    const said = Array.from({ length: 14 }, (_, index) => `gpu-log|${one}|line ${index}`);
    const [found] = gpusOf(gpu, `gpu-log|${two}|another's`, "gpu-log", ...said);
    expect(found?.kernelLog).toEqual(Array.from({ length: 12 }, (_, index) => `line ${index}`));
    expect(gpusOf(gpu, `gpu-log|${one}`)[0]?.kernelLog).toEqual([""]);
    expect(gpusOf(gpu, `gpu-log|${one}|${"x".repeat(400)}`)[0]?.kernelLog[0]?.length).toBeLessThan(340);
  });

  it.each([
    [`vfs-turn|${one}|-d|100|160`, { option: "-d", seconds: 60 }],
    [`vfs-turn|${one}|-e|100|160`, { option: "-e", seconds: 60 }],
    [`vfs-turn|${one}|-e||160`, { option: "-e", seconds: null }],
    [`vfs-turn|${one}|-e|100|`, { option: "-e", seconds: null }],
  ])("has the sriov-manage that runs for it: %s", (line, vfsTurn) => {
    expect(gpusOf(gpu, line)[0]?.vfsTurn).toEqual(vfsTurn);
  });

  it("has no sriov-manage of another GPU", () => {
    expect(gpusOf(gpu, `vfs-turn|${two}|-d|100|160`)[0]).toEqual(silent);
  });
});

describe("the way in which a GPU makes vGPUs", () => {
  it.each([
    [[`types-at|${one}|${one}|mdev-on-pf`], "mdev-on-pf"],
    [[`types-at|${two}|${two}|mdev-on-pf`], null],
    [[`types-at|${two}|x|mdev-on-pf`, `types-at|${one}|${vf}|mdev-on-vf`], "mdev-on-vf"],
    [[`vendor-type|${two}|0|0`, `vendor-type|${one}|0|0`], "vendor-vfio"],
    [[`vendor-type|${two}|0|0`], null],
    [[], null],
  ])("is said by its own types, else by its functions: %j", (lines, way) => {
    expect(gpusOf(gpu, ...lines)[0]?.vgpuInterface).toBe(way);
  });
});

describe("the types that a GPU offers", () => {
  const mdevType = (of: string, id: string, rest: string) => `mdev-type|${of}|${id}|${rest}`;
  const described =
    "num_heads=4, frl_config=60, framebuffer=8192M, max_resolution=5120x2880, max_instance=16";
  const smi = [
    "vGPU Type ID : 0x230",
    "Name : NVIDIA A40-4Q",
    "FB Memory : 4096 MiB",
    "Max Instances : 12",
  ].map((line) => `smi-type|${one}|${line}`);
  const a40 = { vgpuTypeId: 560, name: "NVIDIA A40-4Q", framebufferMiB: 4096, maxInstances: 12 };

  it("are those of its own directories, by their numbers, with what their description says", () => {
    const lines = [
      mdevType(one, "nvidia-562", `NVIDIA A40-8Q|2|${described}`),
      mdevType(two, "nvidia-100", `NVIDIA A16-1B|2|${described}`),
      mdevType(one, "nvidia-9", "NVIDIA A40-1B|x|none"),
    ];
    expect(gpusOf(gpu, ...lines)[0]?.offeredTypes).toEqual([
      { vgpuTypeId: 9, name: "NVIDIA A40-1B", framebufferMiB: null, maxInstances: null, available: null },
      { vgpuTypeId: 562, name: "NVIDIA A40-8Q", framebufferMiB: 8192, maxInstances: 16, available: 2 },
    ]);
    expect(gpusOf(gpu, `mdev-type|${one}`)[0]?.offeredTypes).toEqual([
      { vgpuTypeId: 0, name: "", framebufferMiB: null, maxInstances: null, available: null },
    ]);
  });

  it.each([
    ["none of them free, where its functions were asked", `types-at|${one}|${vf}|vendor-vfio`, 0],
    ["unknown how many are free, where another's were", `types-at|${two}|${vf}|vendor-vfio`, null],
    ["unknown how many are free, where it makes mdevs", `types-at|${one}|${vf}|mdev-on-vf`, null],
  ])("are those that nvidia-smi lists: %s", (_title, at, available) => {
    const others = smi.map((line) => line.replace(one, two).replace("0x230", "0x231"));
    expect(gpusOf(gpu, at, "smi-type", ...others, ...smi)[0]?.offeredTypes).toEqual([{ ...a40, available }]);
  });

  it("are free where a function lists them as creatable, and known then by name alone", () => {
    const at = `types-at|${one}|${vf}|vendor-vfio`;
    const creatable = [
      `creatable|${one}|560 : NVIDIA A40-4Q`,
      `creatable|${one}|562 : NVIDIA A40-8Q`,
      `creatable|${two}|9 : NVIDIA A40-1B`,
      `creatable|${one}`,
    ];
    expect(gpusOf(gpu, at, ...smi, ...creatable)[0]?.offeredTypes).toEqual([
      { ...a40, available: 1 },
      { vgpuTypeId: 562, name: "NVIDIA A40-8Q", framebufferMiB: null, maxInstances: null, available: 1 },
    ]);
  });

  it.each([
    ["x560 : NVIDIA A40-4Q", null],
    ["560x : NVIDIA A40-4Q", null],
    ["NVIDIA A40-4Q 560x", null],
    ["NVIDIA A40-4Q x560", null],
    ["ID : 560", null],
    ["GRID : 560", "GRID :"],
    ["  NVIDIA A40-4Q   560  ", "NVIDIA A40-4Q"],
  ])("are read from a line of such a list only in its forms: %j", (line, name) => {
    expect(parseCreatable(line)?.name ?? null).toBe(name);
  });

  it("are all known unless a function carries one that nvidia-smi did not name", () => {
    const live = `vendor-type|${one}|0|560`;
    expect(gpusOf(gpu, live)[0]?.allTypesKnown).toBe(false);
    expect(gpusOf(gpu, live, ...smi)[0]?.allTypesKnown).toBe(true);
    expect(gpusOf(gpu, live, ...smi.map((line) => line.replace(one, two)))[0]?.allTypesKnown).toBe(false);
    expect(gpusOf(gpu, live, `vendor-type|${one}|1|9`, ...smi)[0]?.allTypesKnown).toBe(false);
    expect(gpusOf(gpu, `vendor-type|${one}|0|0`)[0]?.allTypesKnown).toBe(true);
    expect(gpusOf(gpu, `types-at|${one}|${one}|mdev-on-pf`, live)[0]?.allTypesKnown).toBe(true);
  });
});

describe("the vGPUs of vendor-specific VFIO", () => {
  it("are the functions of this GPU that carry a type", () => {
    const [found] = gpusOf(
      gpu,
      `link|/sys/bus/pci/devices/${one}/virtfn1|../${vf}`,
      `vendor-type|${one}|0|0`,
      `vendor-type|${one}|1|560`,
      `vendor-type|${one}|2|`,
      `vendor-type|${two}|1|560`,
      `creatable|${one}|560 : NVIDIA A40-4Q`,
      `vendor-type|${one}|3|9`,
    );
    expect(found?.vgpus).toEqual([
      { mdevUuid: null, parent: vf, vgpuTypeId: 560, typeName: "NVIDIA A40-4Q", holders: [] },
      { mdevUuid: null, parent: "", vgpuTypeId: 9, typeName: null, holders: [] },
    ]);
  });
});

describe("the reason why a GPU has no vGPUs", () => {
  const withVfs = gpu.replace(/0$/, "16");
  const vfLink = `link|/sys/bus/pci/devices/${one}/virtfn0|../${vf}`;

  it.each([
    ["nothing has it", [gpu], "no driver is bound to the GPU"],
    [
      "another driver has it",
      [gpu, bound.replace(/nvidia$/, "vfio-pci")],
      "the GPU is bound to the driver vfio-pci, not to the vGPU manager",
    ],
    [
      "its functions are off",
      [withVfs, bound],
      "it offers no types itself, and its virtual functions are off",
    ],
    [
      "its functions are on",
      [withVfs, bound, vfLink, `vendor-type|${one}|0|0`],
      "its virtual functions offer no creatable type now",
    ],
    [
      "it has no functions",
      [gpu, bound],
      "the vGPU manager offers no types for it (nvidia-vgpud failed, unsupported board, or graphics display mode)",
    ],
    [
      "its functions are on, and no types in any way",
      [withVfs, bound, vfLink],
      "the vGPU manager offers no types for it (nvidia-vgpud failed, unsupported board, or graphics display mode)",
    ],
    ["it offers a type", [gpu, `mdev-type|${one}|nvidia-9|NVIDIA A40-1B|1|`], null],
    ["it carries a vGPU", [gpu, `vendor-type|${one}|0|9`], null],
  ])("is told where %s", (_title, lines, absence) => {
    expect(gpusOf(...lines)[0]?.absence).toBe(absence);
  });
});
