import { describe, expect, it } from "vitest";
import { errorText } from "../../../../provider/model/errors.js";
import type { GuestFacts } from "../../../../provider/model/facts.js";
import { planGuest, planGuestRemoval, tokenFile } from "../../../../provider/plan/guest/plan-guest.js";
import { unseenHostRefusals } from "../../../../provider/plan/identity/guest.js";
import { desiredGuest, guestFacts, guestVersion, refusalTexts, roleOf, stepTexts } from "../facts.js";

const owner = "shop/dev/desk-1";
const ours = { state: "done", version: guestVersion, bootId: "boot-0" } as const;

/** A guest that is as declared. */
function finished(changes: Partial<GuestFacts> = {}): GuestFacts {
  return guestFacts({
    installedDriver: guestVersion,
    loadedDriver: guestVersion,
    nouveauBlockedBy: ["/etc/modprobe.d/pulumi-vgpu-nouveau.conf"],
    featureType: 1,
    tokens: { [tokenFile]: "cd".repeat(32) },
    licenseStatus: "Licensed",
    manifest: { owner, nouveauBlock: "done", driver: ours, gridd: { state: "done" } },
    ...changes,
  });
}

describe("planGuest on a machine that is no guest", () => {
  it.each<[string, Partial<GuestFacts>, string]>([
    [
      "is managed as a vGPU host",
      { role: roleOf({ hostOwner: "shop/dev/gpu-01", virtual: true }) },
      `VGPU_CLAIM_CONFLICT desk-1: cannot manage a vGPU host as a guest
Saw: it is managed as a vGPU host by shop/dev/gpu-01 (/etc/pulumi-vgpu/host)
Expected: a VM that has a vGPU or a passed-through GPU
Next: let connection lead into the VM, not to the machine that runs it; when this is no vGPU host any more, destroy shop/dev/gpu-01 first`,
    ],
    [
      "has a vGPU manager that nobody of ours installed",
      { role: roleOf({ vgpuManager: ["/usr/bin/nvidia-vgpu-mgr", "module nvidia-vgpu-vfio (modinfo)"] }) },
      `VGPU_PREREQUISITE desk-1: this machine is a vGPU host, not a guest
Saw: a vGPU manager: /usr/bin/nvidia-vgpu-mgr, module nvidia-vgpu-vfio (modinfo)
Expected: a VM that has a vGPU or a passed-through GPU
Next: let connection lead into the VM, not to the machine that runs it`,
    ],
    [
      "runs VMs and is none",
      {
        runningVms: ["web-1", "web-2"],
        role: roleOf({ virtual: false, virtualBy: "Supermicro X12 (/sys/class/dmi/id)" }),
      },
      `VGPU_PREREQUISITE desk-1: this machine runs VMs and is none itself
Saw: VMs web-1, web-2 run on it; Supermicro X12 (/sys/class/dmi/id)
Expected: a VM that has a vGPU or a passed-through GPU
Next: let connection lead into the VM, not to the machine that runs it`,
    ],
    [
      "has the programs for VMs, all of which are off, and is none",
      {
        role: roleOf({
          virtual: false,
          virtualBy: "Supermicro X12 (/sys/class/dmi/id)",
          vmPrograms: ["/usr/sbin/libvirtd", "/usr/bin/qemu-system-x86_64"],
        }),
      },
      `VGPU_PREREQUISITE desk-1: this machine runs VMs and is none itself
Saw: /usr/sbin/libvirtd, /usr/bin/qemu-system-x86_64; Supermicro X12 (/sys/class/dmi/id)
Expected: a VM that has a vGPU or a passed-through GPU
Next: let connection lead into the VM, not to the machine that runs it`,
    ],
    [
      "runs VMs, and nothing tells whether it is one",
      { runningVms: ["web-1"], role: roleOf({ virtual: null }) },
      `VGPU_PREREQUISITE desk-1: cannot tell whether this machine is a VM
Saw: VMs web-1 run on it; no flag hypervisor (/proc/cpuinfo), no device of QEMU's (/sys/bus/pci/devices), no sys_vendor (/sys/class/dmi/id)
Expected: a VM that has a vGPU or a passed-through GPU
Next: let connection lead into the VM, not to the machine that runs it; where it does, shut the VMs inside down and remove the programs for them, run again`,
    ],
  ])("is refused where it %s, whatever is in place there", (_title, changes, text) => {
    for (const facts of [guestFacts({ nouveauLoaded: true, ...changes }), finished(changes)])
      for (const desired of [desiredGuest(), desiredGuest({ driver: null })]) {
        const plan = planGuest(desired, facts);
        expect(refusalTexts(plan)).toEqual([text]);
        expect(plan.steps).toEqual([]);
      }
  });

  it("names the first ones of many signs", () => {
    const vgpuManager = Array.from({ length: 9 }, (_, index) => `sign-${index}`);
    const plan = planGuest(desiredGuest(), guestFacts({ role: roleOf({ vgpuManager }) }));
    expect(plan.refusals[0]?.saw).toBe(
      "a vGPU manager: sign-0, sign-1, sign-2, sign-3, sign-4, sign-5 and 3 more",
    );
  });

  it.each<[string, Partial<GuestFacts>]>([
    ["runs VMs of its own", { runningVms: ["inner"], role: roleOf({ virtual: true }) }],
    ["has the programs for VMs", { role: roleOf({ virtual: true, vmPrograms: ["/usr/bin/qemu-kvm"] }) }],
    ["runs no VMs and has no programs for them, and nothing tells whether it is one", {}],
    ["is a physical machine without programs for VMs", { role: roleOf({ virtual: false }) }],
    ["is managed as a guest", { role: roleOf({ guestOwner: owner, virtual: true }) }],
  ])("is not said of one that %s", (_title, changes) => {
    expect(planGuest(desiredGuest(), finished(changes))).toEqual({ steps: [], refusals: [] });
  });
});

describe("a guest that runs VMs", () => {
  const inner = { runningVms: ["inner-2", "inner-1", "inner-2"], role: roleOf({ virtual: true }) };
  const text = (cause: string) => `VGPU_IN_USE desk-1: the guest must be rebooted and VMs run in it
Saw: VMs inner-1, inner-2; ${cause}
Expected: no VM runs while the guest reboots
Next: shut these VMs down, run again`;

  it("is not rebooted to get its driver", () => {
    const plan = planGuest(desiredGuest(), guestFacts({ nouveauLoaded: true, ...inner }));
    expect(refusalTexts(plan)).toEqual([
      text("nouveau is loaded; guest driver 550.127.05 needs a boot after its installation"),
    ]);
    expect(plan.steps).toEqual([]);
  });

  it("is not rebooted by its removal, and is given back where no boot is asked for", () => {
    const plan = planGuestRemoval(desiredGuest(), finished(inner));
    expect(refusalTexts(plan)).toEqual([text("the driver is still in memory")]);
    expect(plan.steps).toEqual([]);
    const still = desiredGuest({ reboot: { allow: false, deadlineMs: 1 } });
    expect(stepTexts(planGuestRemoval(still, finished(inner)))).toContain(
      "release-guest desk-1: nothing of ours is left",
    );
  });
});

describe("planGuestRemoval on a machine that is a vGPU host by now", () => {
  it.each([
    ["managed as one", roleOf({ hostOwner: "shop/dev/gpu-01" })],
    ["with a vGPU manager", roleOf({ vgpuManager: ["/usr/bin/nvidia-vgpu-mgr"] })],
  ])("leaves its driver in place and does not reboot it: %s", (_title, role) => {
    expect(stepTexts(planGuestRemoval(desiredGuest(), finished({ role, runningVms: ["web-1"] })))).toEqual([
      "remove-license desk-1: we wrote the license settings",
      "unblock-nouveau desk-1: we blocked it",
      "release-guest desk-1: nothing of ours is left",
    ]);
  });
});

describe("unseenHostRefusals", () => {
  const supermicro = { virtual: false, virtualBy: "Supermicro X12 (/sys/class/dmi/id)" };
  const physical = guestFacts({ role: roleOf(supermicro) });
  const hosts = [{ name: "gpu-01" }, { name: "gpu-02" }];

  it("refuses a physical machine while hosts of the program have not been looked at", () => {
    const [refusal] = unseenHostRefusals({ name: "desk-1" }, physical, hosts);
    expect(
      refusal && errorText(refusal),
    ).toBe(`VGPU_PREREQUISITE desk-1: cannot tell whether this machine is a vGPU host of the program
Saw: Supermicro X12 (/sys/class/dmi/id); not looked at in this run: VgpuHost gpu-01, gpu-02
Expected: a VM that has a vGPU or a passed-through GPU
Next: let connection lead into the VM, not to the machine that runs it; where it does, run without --target and --exclude, and with a higher --parallel`);
  });

  it("refuses one of which nothing tells whether it is a VM", () => {
    const unknown = guestFacts({ role: roleOf({ virtual: null }) });
    expect(unseenHostRefusals({ name: "desk-1" }, unknown, hosts)[0]?.saw).toBe(
      "no flag hypervisor (/proc/cpuinfo), no device of QEMU's (/sys/bus/pci/devices), no sys_vendor (/sys/class/dmi/id); not looked at in this run: VgpuHost gpu-01, gpu-02",
    );
  });

  it("takes a VM, and any machine when all of them have been looked at", () => {
    const vm = guestFacts({ role: roleOf({ virtual: true }) });
    expect(unseenHostRefusals({ name: "desk-1" }, vm, hosts)).toEqual([]);
    expect(unseenHostRefusals({ name: "desk-1" }, physical, [])).toEqual([]);
  });
});
