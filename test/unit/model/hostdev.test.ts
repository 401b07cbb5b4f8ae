import { describe, expect, it } from "vitest";
import { hostdevXml } from "../../../provider/model/hostdev.js";

const uuid = "11111111-2222-3333-4444-555555555555";

describe("hostdevXml", () => {
  it.each(["mdev-on-pf", "mdev-on-vf"] as const)("gives a VM an mdev by its UUID on %s", (vgpuInterface) => {
    expect(hostdevXml({ vgpuInterface, uuid, parent: "0000:3b:00.4" })).toBe(
      `<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='off'>
  <source><address uuid='11111111-2222-3333-4444-555555555555'/></source>
</hostdev>`,
    );
  });

  it.each([
    [undefined, "vfio-pci' display='off"],
    ["vfio-pci", "vfio-pci' display='off"],
    ["vfio-ccw", "vfio-ccw"],
    ["vfio-ap", "vfio-ap"],
  ])("gives a VM another driver's mdev as what it is: %s", (deviceApi, model) => {
    expect(hostdevXml({ vgpuInterface: "mdev-on-parent", uuid, parent: "mtty", deviceApi })).toBe(
      `<hostdev mode='subsystem' type='mdev' managed='no' model='${model}'>
  <source><address uuid='11111111-2222-3333-4444-555555555555'/></source>
</hostdev>`,
    );
  });

  it("gives a VM a vendor-specific VFIO function by its address, which libvirt may not rebind", () => {
    expect(hostdevXml({ vgpuInterface: "vendor-vfio", uuid, parent: "0001:c8:02.3" })).toBe(
      `<hostdev mode='subsystem' type='pci' managed='no'>
  <source><address domain='0x0001' bus='0xc8' slot='0x02' function='0x3'/></source>
</hostdev>`,
    );
  });
});
