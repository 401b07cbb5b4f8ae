import { describe, expect, it } from "vitest";
import { vgpuTypes } from "../../../../provider/catalog/types.js";
import { checkVgpu, vgpuClaims } from "../../../../provider/plan/declared/vgpu.js";
import { briefOf, hostOf, textsOf, vgpuOf } from "./programs.js";

describe("checkVgpu", () => {
  it("accepts every type of the catalog by short and by full name", () => {
    for (const { shortName, name } of vgpuTypes()) {
      expect(checkVgpu(vgpuOf({ type: shortName }), hostOf()), shortName).toEqual([]);
      expect(checkVgpu(vgpuOf({ type: name ?? shortName }), hostOf()), name).toEqual([]);
    }
  });

  it("accepts a type the catalog does not know: the host decides", () => {
    expect(checkVgpu(vgpuOf({ type: "X99-8Q" }), hostOf())).toEqual([]);
    expect(checkVgpu(vgpuOf({ type: "A40-5Q" }), hostOf())).toEqual([]);
  });

  it("refuses a name that can be no type's, with near ones", () => {
    expect(textsOf(checkVgpu(vgpuOf({ type: "A40-8G" }), hostOf()))).toEqual([
      `VGPU_UNKNOWN_TYPE desk-1: "A40-8G" is not the name of a vGPU type
Saw: type "A40-8G"
Expected: GPU, GB and series (A, B, C or Q), such as "A40-8Q"; MIG-backed with slices, such as "A100-1-5C"
Next: did you mean "A40-8Q", "A40-8C", "A40-8A"?`,
    ]);
  });

  it("offers the types of its very GPU where they are known, and none where nothing says which are meant", () => {
    const nextOf = (type: string, names?: readonly string[]) =>
      textsOf(checkVgpu(vgpuOf({ type }), hostOf(), () => names)).map((text) => text.split("\n").at(-1));
    const names = ["A16-1Q", "A16-8Q", "A16-8C"];
    expect(nextOf("A40-8", names)).toEqual([
      'Next: did you mean "A16-8Q", "A16-8C", "A16-1Q" (types of this GPU)?',
    ]);
    for (const type of ["", " "]) {
      expect(nextOf(type, names)).toEqual([
        'Next: did you mean "A16-1Q", "A16-8Q", "A16-8C" (types of this GPU)?',
      ]);
      expect(nextOf(type)).toEqual([
        "Next: declare a type of the GPU: on its host nvidia-smi vgpu -s lists them",
      ]);
    }
  });

  it("refuses the number of a type, with the name that had it", () => {
    const [text] = textsOf(checkVgpu(vgpuOf({ type: "nvidia-11" }), hostOf()));
    expect(text).toContain('Saw: type "nvidia-11", a number that changes between driver releases');
    expect(text).toContain('Next: did you mean "M60-0B"?');
  });

  it("refuses a GPU that is no PCI address", () => {
    expect(briefOf(checkVgpu(vgpuOf({ gpu: "gpu0" }), null))).toEqual(["desk-1 VGPU_INPUT gpu"]);
  });

  it("refuses a GPU its host does not declare", () => {
    expect(textsOf(checkVgpu(vgpuOf({ gpu: "0000:d8:00.0" }), hostOf()))).toEqual([
      `VGPU_INPUT desk-1 on gpu-01: GPU 0000:d8:00.0 is not declared in its host
Saw: gpus 0000:3b:00.0 in "gpu-01"
Expected: a GPU that the VgpuHost declares: others are never touched
Next: add "0000:d8:00.0": { usage: "vgpu" } to gpus of "gpu-01", or correct gpu`,
    ]);
  });

  it("finds its GPU in the host whatever form the addresses have", () => {
    const host = hostOf({ gpus: { "00000000:3B:00.0": { usage: "vgpu" } } });
    expect(checkVgpu(vgpuOf({ gpu: "3b:00.0" }), host)).toEqual([]);
  });

  const onParent = { resource: "serial-1", host: "gpu-01", uuid: "", keep: false };

  it("has no rule for an mdev of another driver: the host decides", () => {
    expect(checkVgpu({ ...onParent, parent: "mtty", mdevType: "mtty-2" }, hostOf())).toEqual([]);
    expect(checkVgpu({ ...onParent, parent: "0000:3b:00.0", mdevType: "nvidia-558" }, null)).toEqual([]);
  });

  it("refuses a GPU of its host as the parent of mdevs", () => {
    const vgpu = { ...onParent, parent: "0000:3b:00.0", mdevType: "nvidia-558" };
    expect(textsOf(checkVgpu(vgpu, hostOf()))).toEqual([
      `VGPU_INPUT serial-1 on gpu-01: 0000:3b:00.0 is an NVIDIA GPU of its host
Saw: parent "0000:3b:00.0", mdevType "nvidia-558"
Expected: gpu and type for a vGPU of an NVIDIA GPU: the number in its mdev type changes between driver releases
Next: give gpu: "0000:3b:00.0" and type, such as "A40-8Q", in place of parent and mdevType`,
    ]);
  });

  it("does not judge the GPU while the host is not in the program", () => {
    expect(checkVgpu(vgpuOf({ gpu: "0000:d8:00.0" }), null)).toEqual([]);
  });
});

describe("vgpuClaims", () => {
  const uuid = "6f1c0f5e-6d0a-4a3e-9d4e-3f6f0e1b2c3d";
  const machineOf = ({ host }: { readonly host: string }) => host;

  it("tells two resources with one UUID once, whatever its case", () => {
    const refusals = vgpuClaims(
      [vgpuOf({ resource: "desk-2", uuid: uuid.toUpperCase() }), vgpuOf({ resource: "desk-1", uuid })],
      machineOf,
    );
    expect(briefOf(refusals)).toEqual(["desk-1 VGPU_CLAIM_CONFLICT uuid"]);
    expect(textsOf(refusals)).toEqual([
      `VGPU_CLAIM_CONFLICT gpu-01 ${uuid}: 2 MdevDevice resources claim one vGPU
Saw: desk-1, desk-2
Expected: one MdevDevice for each UUID
Next: leave uuid out of all but one: it is made from the resource's name`,
    ]);
  });

  it("allows one UUID on two machines, and UUIDs that are not known yet", () => {
    expect(
      vgpuClaims([vgpuOf({ uuid }), vgpuOf({ resource: "desk-2", host: "gpu-02", uuid })], machineOf),
    ).toEqual([]);
    expect(vgpuClaims([vgpuOf(), vgpuOf({ resource: "desk-2" })], machineOf)).toEqual([]);
  });
});
