import { describe, expect, it } from "vitest";
import { parseCreatable } from "../../../provider/observe/parse-gpus.js";
import { parseMdevDefinitions } from "../../../provider/observe/parse-mdevctl.js";
import { parseSmiTypes } from "../../../provider/observe/parse-smi-types.js";
import { captureText, realCapturesPresent, realCaptureText } from "../captures.js";

describe("parseSmiTypes", () => {
  it("reads type numbers as hexadecimal, and no limit of another kind", () => {
    expect(parseSmiTypes(captureText("nvidia-smi-vgpu-s-v.txt").split("\n"))).toEqual([
      { vgpuTypeId: 560, name: "NVIDIA A40-4Q", framebufferMiB: 4096, maxInstances: 12, available: null },
      { vgpuTypeId: 562, name: "NVIDIA A40-8Q", framebufferMiB: 8192, maxInstances: 6, available: null },
    ]);
  });

  it("leaves out a type without a name, and reads nothing from nothing", () => {
    expect(parseSmiTypes(["    vGPU Type ID : 0x230", "No devices were found"])).toEqual([]);
    expect(parseSmiTypes([])).toEqual([]);
  });

  it.runIf(realCapturesPresent)("reads what real hosts print", () => {
    const of = (name: string) =>
      parseSmiTypes(realCaptureText(`domain/sample-outputs/nvidia-smi-vgpu-s-v.${name}.txt`).split("\n"));
    expect(of("rtx-pro-6000")).toContainEqual({
      vgpuTypeId: 1521,
      name: "NVIDIA RTX Pro 6000 Blackwell DC-4Q",
      framebufferMiB: 4096,
      maxInstances: 24,
      available: null,
    });
    expect(of("rtx-pro-6000").length).toBe(4);
    expect(of("m60")[0]).toEqual({
      vgpuTypeId: 12,
      name: "GRID M60-0Q",
      framebufferMiB: 512,
      maxInstances: 16,
      available: null,
    });
  });
});

describe("parseCreatable", () => {
  it.each([
    ["1152  : NVIDIA L40S-8Q", 1152, "NVIDIA L40S-8Q"],
    ["1428 : NVIDIA H200X-141C", 1428, "NVIDIA H200X-141C"],
    ["NVIDIA A40-1Q 557", 557, "NVIDIA A40-1Q"],
    ["1521 : NVIDIA RTX Pro 6000 Blackwell DC-4Q", 1521, "NVIDIA RTX Pro 6000 Blackwell DC-4Q"],
  ])("reads %j", (line, vgpuTypeId, name) => {
    expect(parseCreatable(line)).toEqual({
      vgpuTypeId,
      name,
      framebufferMiB: null,
      maxInstances: null,
      available: 1,
    });
  });

  it.each(["ID    : vGPU Name", "", "   ", "NVIDIA A40-1Q", "1152 :"])("reads no type from %j", (line) => {
    expect(parseCreatable(line)).toBeNull();
  });

  it.runIf(realCapturesPresent)("reads every line of a real file but its header", () => {
    const lines = realCaptureText("domain/sample-outputs/sysfs-vendor-vfio.creatable_vgpu_types.l40s.txt")
      .split("\n")
      .filter((line) => line.includes("L40S-"));
    expect(lines.length).toBe(23);
    for (const line of lines) {
      const [id, name] = line.split(/\s+:\s+/);
      expect(parseCreatable(line)).toMatchObject({ vgpuTypeId: Number(id), name });
    }
  });
});

describe("parseMdevDefinitions", () => {
  it("reads every definition of every parent", () => {
    expect(parseMdevDefinitions(captureText("mdevctl-list-d-dumpjson.json"))).toEqual(
      [
        ["1", "0000:3b:00.4", "nvidia-562", "manual"],
        ["2", "0000:3b:00.4", "nvidia-562", "auto"],
        ["3", "0000:3b:00.5", "nvidia-560", "manual"],
      ].map(([last, parent, mdevType, start]) => ({
        mdevUuid: `1f0c3a52-8c4e-5b6f-9a01-00000000000${last}`,
        parent,
        mdevType,
        start,
      })),
    );
  });

  it.each(["not json", '{"a": 1}', "[", '"x"', "null", "[]\nended with 1"])(
    "takes %j for no list: unknown",
    (text) => {
      expect(parseMdevDefinitions(text)).toBeNull();
    },
  );

  it.each([
    "",
    " \n",
    "[]",
    "[null]",
    '["p"]',
    '[{"p": [null]}]',
    '[{"p": ["u"]}]',
    '[{"p": [{"u": null}]}]',
    '[{"p": [{"u": {}}]}]',
    '[{"p": 7}]',
  ])("reads no definition from %j", (text) => {
    expect(parseMdevDefinitions(text)).toEqual([]);
  });

  it.runIf(realCapturesPresent)("reads every list that mdevctl is known to print", () => {
    const { list } = JSON.parse(realCaptureText("captures/mdevctl.json")) as {
      list: { id: string; stdout: string; expect: { shape: string; devices?: Record<string, unknown>[] } }[];
    };
    const lists = list.filter(({ expect: expected }) => expected.shape === "list");
    expect(lists.length).toBeGreaterThan(10);
    for (const { id, stdout, expect: expected } of lists) {
      const devices = expected.devices?.map(({ uuid, parent, mdevType, start }) => ({
        mdevUuid: uuid,
        parent,
        mdevType,
        start,
      }));
      expect(parseMdevDefinitions(stdout), id).toEqual(devices);
    }
  });
});
