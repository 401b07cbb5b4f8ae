import { describe, expect, it } from "vitest";
import { guestMachine, runningGuest } from "./guest-scenes.js";
import { adaVendorVfio, ampereMdev } from "./kinds.js";
import { createMdev, readyHost, uuid } from "./scenes.js";
import { namesIn, readText, realPath, writeText } from "./sys-nodes.js";
import { shutdownGuest, startGuest, Tie, tieGuest } from "./tie.js";

describe("a tied guest", () => {
  it("has power only when its vGPU exists, and sees it as an NVIDIA device with nouveau", async () => {
    const { host, guest } = await runningGuest();
    expect(guest.machine.poweredOn).toBe(true);
    const device = "/bus/pci/devices/0000:06:00.0";
    expect(await readText(guest.model.sys, `${device}/vendor`)).toBe("0x10de\n");
    expect(realPath(guest.model.sys, `${device}/driver`)).toBe("/bus/pci/drivers/nouveau");
    expect(host.model.findVgpu(uuid(1))?.vgpu.hold?.vmName).toBe("desk-1");
    expect(host.machine.held[0]?.path).toMatch(/^\/dev\/vfio\/\d+$/);
  });

  it("waits for a vGPU by UUID, by VF or by type", async () => {
    const host = await readyHost(adaVendorVfio());
    const guest = guestMachine();
    const options = { vmName: "desk-2", virtualFunction: "0000:26:00.5", type: "L40S-8Q" };
    const tie = new Tie(guest, host.model, options);
    const set = (vf: string, type: number) =>
      writeText(host.model.sys, `/bus/pci/devices/${vf}/nvidia/current_vgpu_type`, String(type));
    await set("0000:26:00.4", 1152);
    await tie.settled();
    expect(guest.machine.poweredOn).toBe(false);
    await set("0000:26:00.5", 1152);
    await tie.settled();
    expect(guest.machine.poweredOn).toBe(true);
  });

  it("frees the vGPU when it is shut down, and takes it again when it starts", async () => {
    const host = await readyHost(ampereMdev());
    await createMdev(host, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
    const guest = guestMachine({}, "guest-a");
    await tieGuest([guest, host], { vmName: "desk-1" });
    await startGuest([guest]);
    expect(guest.machine.poweredOn).toBe(true);
    await shutdownGuest([guest]);
    expect(host.model.findVgpu(uuid(1))?.vgpu.hold).toBeUndefined();
    expect(guest.machine.poweredOn).toBe(false);
    expect(namesIn(guest.model.sys, "/bus/pci/devices")).not.toContain("0000:06:00.0");
    await startGuest([guest]);
    expect(guest.machine.poweredOn).toBe(true);
  });

  it("loses power with its host, and comes back when the vGPU is made again", async () => {
    const { host, guest, tie } = await runningGuest();
    await host.machine.restart();
    await tie.settled();
    expect(guest.machine.poweredOn).toBe(false);
    await host.machine.call("/usr/lib/nvidia/sriov-manage", "-e", "ALL");
    await createMdev(host, { parent: "0000:41:00.7", type: 562, uuid: uuid(1) });
    await tie.settled();
    expect(guest.machine.poweredOn).toBe(true);
  });

  it("keeps its vGPU over its own reboot", async () => {
    const { host, guest } = await runningGuest();
    await guest.machine.restart();
    expect(host.model.findVgpu(uuid(1))?.vgpu.hold?.vmName).toBe("desk-1");
    expect(namesIn(guest.model.sys, "/bus/pci/devices")).toContain("0000:06:00.0");
  });
});
