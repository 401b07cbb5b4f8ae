import { describe, expect, it } from "vitest";
import { checkMdevDevice, mdevDeviceKeys } from "../../../provider/schema/mdev-device.js";

const common = {
  name: "serial-1",
  owner: "shop/dev",
  connection: { host: "kvm-01.lab" },
  host: "kvm-01",
  uuid: `${"1".repeat(8)}-2222-4333-8444-${"5".repeat(12)}`,
};
const onGpu = { gpu: "0000:3b:00.0", type: "A40-8Q" };
const onParent = { parent: "mtty", mdevType: "mtty-2" };

function textsOf(declared: object): string[] {
  const { failures } = checkMdevDevice({ ...common, ...declared }, "serial-1");
  return failures.map(({ property, reason }) => `${property} | ${reason}`);
}

describe("checkMdevDevice", () => {
  it("takes either form, and gives back what it gave", () => {
    for (const form of [onGpu, onParent]) {
      const { inputs } = checkMdevDevice({ ...common, ...form }, "serial-1");
      expect(inputs).toEqual({ ...common, ...form, defined: true, restoredAtBoot: true });
      expect(checkMdevDevice(inputs ?? {}, "serial-1").inputs).toEqual(inputs);
    }
  });

  it("refuses both and neither in one sentence", () => {
    const expected = `Expected: either gpu and type, for an NVIDIA GPU, or parent and mdevType, for any other parent of mdevs
Next: correct it in the program`;
    expect(textsOf({ ...onGpu, ...onParent })).toEqual([
      `parent | VGPU_INPUT serial-1: it is declared on a GPU and on another parent
Saw: gpu, type, parent, mdevType
${expected}`,
    ]);
    expect(textsOf({ gpu: "0000:3b:00.0", mdevType: "mtty-2" })).toHaveLength(1);
    expect(textsOf({})).toEqual([
      `gpu | VGPU_INPUT serial-1: it is declared on nothing
Saw: none of gpu, type, parent, mdevType
${expected}`,
    ]);
  });

  it("names what is missing of a form", () => {
    expect(textsOf({ parent: "mtty" })[0]).toContain("mdevType | VGPU_INPUT serial-1: mdevType is not valid");
    expect(textsOf({ type: "A40-8Q" })[0]).toContain("gpu | VGPU_INPUT serial-1: gpu is not valid");
  });

  it("takes a parent that is a PCI function in any form of its address", () => {
    const { inputs } = checkMdevDevice({ ...common, parent: "00:02.0", mdevType: "i915-GVTg_V5_4" }, "x");
    expect(inputs).toMatchObject({ parent: "0000:00:02.0" });
  });

  it.each(["", ".", "..", "../mtty", "a b", "a\tb", "mtty\n"])("refuses %j as a name in sysfs", (name) => {
    expect(textsOf({ parent: name, mdevType: "mtty-2" })[0]).toContain("must be a name in sysfs");
    expect(textsOf({ parent: "mtty", mdevType: name })[0]).toContain("must be a name in sysfs");
  });
});

describe("mdevDeviceKeys", () => {
  it("tells what was declared from what was found: parent is either", () => {
    expect(mdevDeviceKeys({ ...onGpu, parent: "0000:3b:00.4" })).not.toContain("parent");
    expect(mdevDeviceKeys(onParent)).toContain("parent");
  });
});
