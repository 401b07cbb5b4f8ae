import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../../provider/model/facts.js";
import { planHost } from "../../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuAddress, gpuFacts, hostFacts, refusalTexts, roleOf } from "../facts.js";

const vm = { virtual: true, virtualBy: "flag hypervisor (/proc/cpuinfo)" };

describe("planHost on a machine that is no vGPU host", () => {
  it.each<[string, Partial<HostFacts>, string]>([
    [
      "is managed as a guest",
      { gpus: [gpuFacts()], role: roleOf({ guestOwner: "shop/dev/desk-1" }) },
      `VGPU_CLAIM_CONFLICT gpu-01: cannot manage a guest as a vGPU host
Saw: it is managed as a guest by shop/dev/desk-1 (/etc/pulumi-vgpu/guest)
Expected: the machine that the VMs run on
Next: let connection lead to the KVM host, not into a VM of it; when this is no guest any more, destroy shop/dev/desk-1 first`,
    ],
    [
      "is a VM with a guest driver",
      { gpus: [gpuFacts()], role: roleOf({ ...vm, guestDriver: ["/usr/bin/nvidia-gridd"] }) },
      `VGPU_PREREQUISITE gpu-01: this machine is a guest, not a vGPU host
Saw: a guest driver: /usr/bin/nvidia-gridd; a VM: flag hypervisor (/proc/cpuinfo)
Expected: the machine that the VMs run on
Next: let connection lead to the KVM host, not into a VM of it`,
    ],
    [
      "is a VM that has a vGPU",
      { gpus: [gpuFacts({ subsystemId: "10de:14f3", totalVfs: 0 })], role: roleOf(vm) },
      `VGPU_PREREQUISITE gpu-01: this machine is a guest, not a vGPU host
Saw: ${gpuAddress} is 10de:2235 with the subsystem 10de:14f3 and no virtual functions (/sys/bus/pci/devices); a VM: flag hypervisor (/proc/cpuinfo)
Expected: the machine that the VMs run on
Next: let connection lead to the KVM host, not into a VM of it`,
    ],
  ])("is refused where it %s", (_title, changes, text) => {
    const plan = planHost(desiredHost(), hostFacts({ nouveauLoaded: true, ...changes }));
    expect(refusalTexts(plan)).toEqual([text]);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals[0]?.property).toBe("connection");
  });

  it("is told by all that shows it", () => {
    const gpus = [gpuFacts({ subsystemId: "10de:14f3", totalVfs: 0 })];
    const role = roleOf({ ...vm, guestDriver: ["/usr/bin/nvidia-gridd"] });
    expect(planHost(desiredHost(), hostFacts({ gpus, role })).refusals[0]?.saw).toMatch(
      /^a guest driver: \/usr\/bin\/nvidia-gridd; 0000:3b:00\.0 is .*; a VM: /,
    );
  });

  const isGuest = (gpu: Parameters<typeof gpuFacts>[0], desired = desiredHost()) =>
    planHost(desired, hostFacts({ gpus: [gpuFacts(gpu)], role: roleOf(vm) })).refusals.some(
      ({ what }) => what === "this machine is a guest, not a vGPU host",
    );
  const rtx8000 = { deviceId: "10de:1e30", totalVfs: 0 };

  it.each<[string, Parameters<typeof gpuFacts>[0], boolean]>([
    ["a subsystem of NVIDIA's that no such board has", { ...rtx8000, subsystemId: "10de:1300" }, true],
    ["the subsystem of such a board", { ...rtx8000, subsystemId: "10de:12ba" }, false],
    ["the subsystem of another maker", { ...rtx8000, subsystemId: "1028:1300" }, false],
    ["a device that nobody knows", { deviceId: "10de:ffff", totalVfs: 0 }, false],
    ["functions that are off", { totalVfs: 16 }, false],
    ["a board of which each GPU has functions, and none", { totalVfs: 0 }, true],
    [
      "types that it offers",
      {
        totalVfs: 0,
        offeredTypes: [
          { vgpuTypeId: 1, name: "NVIDIA A40-8Q", framebufferMiB: 1, maxInstances: 1, available: 1 },
        ],
      },
      false,
    ],
  ])("is told by a GPU in a VM with %s: %s", (_what, gpu, is) => {
    expect(isGuest(gpu)).toBe(is);
  });

  it("is told where a driver is declared, or that very GPU, and not where neither is", () => {
    const lent = { totalVfs: 0 };
    expect(isGuest(lent, desiredHost({ driver: null }))).toBe(true);
    expect(isGuest(lent, desiredHost({ gpus: {} }))).toBe(false);
    const guestDriver = ["/usr/bin/nvidia-gridd"];
    const codes = (desired: ReturnType<typeof desiredHost>) =>
      planHost(desired, hostFacts({ role: roleOf({ ...vm, guestDriver }) })).refusals.map(({ what }) => what);
    expect(codes(desiredHost({ gpus: {} }))).toContain("this machine is a guest, not a vGPU host");
    expect(codes(desiredHost({ gpus: {}, driver: null }))).toEqual([]);
  });

  it.each<[string, Partial<HostFacts>]>([
    ["a VM whose GPU has functions", { gpus: [gpuFacts()], role: roleOf(vm) }],
    [
      "a VM that is a vGPU host already",
      {
        gpus: [gpuFacts({ totalVfs: 0 })],
        role: roleOf({
          ...vm,
          vgpuManager: ["/usr/bin/nvidia-vgpu-mgr"],
          guestDriver: ["/usr/bin/nvidia-gridd"],
        }),
      },
    ],
    [
      "a physical machine whose functions the firmware hides",
      {
        gpus: [gpuFacts({ totalVfs: 0 })],
        role: roleOf({ virtual: false, guestDriver: ["/usr/bin/nvidia-gridd"] }),
      },
    ],
    [
      "a host of ours on which a claim of a guest was left",
      {
        gpus: [gpuFacts()],
        manifest: { ...hostFacts().manifest, owner: "shop/dev/gpu-01" },
        role: roleOf({ hostOwner: "shop/dev/gpu-01", guestOwner: "shop/dev/desk-1" }),
      },
    ],
  ])("is not said of %s", (_title, changes) => {
    expect(planHost(desiredHost(), hostFacts(changes)).refusals).toEqual([]);
  });
});
