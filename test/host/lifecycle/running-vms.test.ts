import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { type Bed, guestName, type HostBed, hostName, openBed, vgpusOf } from "./bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const vms = join(__dirname, "vm.ts");

/** What one process of a VM looks like: the file that it has open, and its command line. */
const processes: [vm: string, path: string, words: string[]][] = [
  [
    "vm-name",
    "/dev/kvm",
    ["/usr/bin/kvm", "-id", "109", "-name", "vm-name,debug-threads=on", "-no-shutdown"],
  ],
  ["VM 110", "/dev/null", ["kvm", "-id", "110", "-no-shutdown"]],
  ["rocky", "/dev/null", ["qemu-kvm", "-name", "guest=rocky,debug-threads=on"]],
  ["nix", "/dev/null", [".qemu-system-x8", "-name", "nix"]],
  [
    "cloud-hypervisor (/run/web.sock)",
    "/dev/kvm",
    ["cloud-hypervisor", "--api-socket", "path=/run/web.sock"],
  ],
  ["old desk", "/dev/vboxdrv", ["/usr/lib/virtualbox/VBoxHeadless", "--comment", "old desk"]],
  ["VBoxSVC", "/dev/vboxdrvu", ["/usr/lib/virtualbox/VBoxSVC"]],
  ["winnt", "/dev/vmmon", ["/usr/lib/vmware/bin/vmware-vmx", "-s", "x=y", "/home/a/winnt.vmx"]],
];

/** Why the host's program is refused in preview and in up; the host is as before. */
async function refusalOf(host: HostBed): Promise<string> {
  const program = host.program(vgpusOf("A2-4Q", 1)).filter(({ name }) => name === hostName);
  const before = await noteOf(host.machine);
  const { [hostName]: preview } = await runPreview(program, host.statePath);
  const [reason = ""] = preview?.failures.map((failure) => failure.reason) ?? [];
  await expect(runUp(program, host.statePath)).rejects.toThrow(reason.split("\nProperty:")[0]);
  await expectUntouched(host.machine, before);
  return reason;
}

describe.concurrent("a host on which VMs run", () => {
  it("is not rebooted, whatever a VM's process is called", { timeout: 240_000 }, async () => {
    const host = await bed.host("many-names", "ampereMdev");
    await host.machine.shell("touch /dev/kvm /dev/vboxdrv /dev/vboxdrvu /dev/vmmon");
    for (const [vm, path, words] of processes)
      await bed.simulator.invoke({ module: vms, export: "startProcess" }, [host.machine], vm, {
        path,
        words,
      });
    const names = processes.map(([vm]) => vm).sort();
    expect(await refusalOf(host)).toContain(`Saw: VMs ${names.join(", ")}; nouveau is loaded`);
  });

  it("is not rebooted under a VM whose first thread has ended", { timeout: 240_000 }, async () => {
    const host = await bed.host("headless", "ampereMdev");
    await host.machine.shell("touch /dev/kvm");
    const args = ["lone", "/dev/kvm"];
    await bed.simulator.invoke({ module: vms, export: "startHeadless" }, [host.machine], ...args);
    expect(await refusalOf(host)).toContain("Saw: VMs lone; nouveau is loaded");
  });

  it("is looked at in one round trip, and its VM is seen, among thousands of processes", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("crowded", "ampereMdev");
    const crowd =
      "touch /dev/kvm; i=0; while [ $i -lt 3000 ]; do sleep 3000 8< /etc/hosts & i=$((i + 1)); done";
    await host.machine.shell(`{ ${crowd}; } > /dev/null 2>&1 < /dev/null`);
    const seen = { path: "/dev/kvm", words: ["/usr/bin/kvm", "-id", "7", "-name", "lone"] };
    await bed.simulator.invoke({ module: vms, export: "startProcess" }, [host.machine], "lone", seen);
    expect(Number((await host.machine.shell("ls -d /proc/[0-9]* | wc -l")).stdout)).toBeGreaterThan(3000);
    const { commands } = await noteOf(host.machine);
    const { [hostName]: preview } = await runPreview(host.program({}), host.statePath);
    expect(preview?.failures.map(({ reason }) => reason).join("\n")).toContain(
      "Saw: VMs lone; nouveau is loaded",
    );
    expect((await host.machine.commands()).slice(commands).map(({ name }) => name)).toEqual([
      "pulumi-vgpu:observe-host",
    ]);
  });

  it("is rebooted beside QEMU's agent, and beside a QEMU that libvirt only asks what it can do", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("no-vm", "ampereMdev");
    await host.machine.shell("touch /dev/kvm");
    const asked = ["/usr/bin/qemu-system-x86_64", "-S", "-machine", "none,accel=kvm:tcg", "-daemonize"];
    for (const [name, path, words] of [
      ["asked", "/dev/kvm", asked],
      ["agent", "/dev/null", ["qemu-ga", "--daemonize"]],
    ])
      await bed.simulator.invoke({ module: vms, export: "startProcess" }, [host.machine], name, {
        path,
        words,
      });
    const program = host.program({});
    const previews = await runPreview(program, host.statePath);
    expect(Object.values(previews).flatMap(({ failures }) => failures)).toEqual([]);
  });
});

describe("a guest that runs VMs of its own", () => {
  it("is a guest still, and is not rebooted under them, neither by up nor by destroy", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("outer", "turingLegacy");
    await runUp(host.program(vgpusOf("T4-4Q", 1)), host.statePath);
    const guest = await bed.guest("nested", host, "a-1");
    const startVm = async () => {
      await guest.machine.shell("touch /dev/kvm");
      const seen = { path: "/dev/kvm", words: ["/usr/bin/kvm", "-name", "inner"] };
      await bed.simulator.invoke({ module: vms, export: "startProcess" }, [guest.machine], "inner", seen);
    };
    const stopVm = () => bed.simulator.invoke({ module: vms, export: "stopVm" }, [guest.machine], "inner");
    const refused = `VGPU_IN_USE ${guestName}: the guest must be rebooted and VMs run in it\nSaw: VMs inner; `;

    await startVm();
    const before = await noteOf(guest.machine);
    const { [guestName]: preview } = await runPreview(guest.program, guest.statePath);
    expect(preview?.failures.map(({ reason }) => reason)).toEqual([expect.stringContaining(refused)]);
    await expect(runUp(guest.program, guest.statePath)).rejects.toThrow(refused);
    await expectUntouched(guest.machine, before);

    await stopVm();
    await runUp(guest.program, guest.statePath);
    await startVm();
    expect(await runUp(guest.program, guest.statePath)).toEqual({ [guestName]: "unchanged" });
    const made = await noteOf(guest.machine);
    await expect(runDestroy(guest.statePath)).rejects.toThrow(refused);
    await expectUntouched(guest.machine, made);

    await stopVm();
    await runDestroy(guest.statePath);
    expect((await guest.machine.shell("ls /etc/pulumi-vgpu")).code).not.toBe(0);
  });
});

describe.concurrent("a host that cannot be looked at whole", () => {
  it("is refused when its find is busybox's", { timeout: 240_000 }, async () => {
    const host = await bed.host("busybox", "ampereMdev");
    const find = `#!/bin/sh
for word; do case $word in -printf | -lname) echo "find: unrecognized: $word" >&2; exit 1 ;; esac; done
exec /usr/bin/find "$@"
`;
    await host.machine.writeFile("/usr/local/bin/find", find);
    await host.machine.shell("chmod 755 /usr/local/bin/find");
    expect(await refusalOf(host)).toContain(
      "Saw: find is of another make, or does not work (tried before the look)",
    );
  });

  it("is refused when the login is in a container", { timeout: 240_000 }, async () => {
    const host = await bed.host("contained", "ampereMdev");
    await host.machine.shell("umount /proc/1/ns");
    expect(await refusalOf(host)).toMatch(
      /Saw: the login is in a container, which sees no process outside it \(\/proc\/1\/ns\/pid is pid:\[\d+]\); to be done: /,
    );
  });

  it("is refused when systemd has not started it", { timeout: 240_000 }, async () => {
    const host = await bed.host("other-init", "ampereMdev");
    await host.machine.shell("rmdir /run/systemd/system");
    expect(await refusalOf(host)).toContain("Expected: systemd, as what starts the machine");
  });

  it.each([
    ["fifo", "mkfifo /etc/pulumi-vgpu/vgpu/x", "not a small file: /etc/pulumi-vgpu/vgpu/x (p, 0 bytes)"],
    [
      "huge",
      "truncate -s 20M /etc/pulumi-vgpu/vgpu/x",
      "not a small file: /etc/pulumi-vgpu/vgpu/x (f, 20971520 bytes)",
    ],
    [
      "link",
      "ln -s /dev/zero /etc/pulumi-vgpu/vgpu/x",
      "not a small file: /etc/pulumi-vgpu/vgpu/x (l, 9 bytes)",
    ],
  ])("is refused when there is a %s in place of a record", { timeout: 240_000 }, async (name, line, saw) => {
    const host = await bed.host(`record-${name}`, "ampereMdev");
    expect(await host.machine.shell(`mkdir -p /etc/pulumi-vgpu/vgpu && ${line}`)).toMatchObject({ code: 0 });
    expect(await refusalOf(host)).toContain(`Saw: ${saw} (/etc/pulumi-vgpu)`);
  });
});

describe.concurrent("a VM that starts after the plan was made", () => {
  it("is seen by the script that reboots, which does not reboot then", { timeout: 240_000 }, async () => {
    const host = await bed.host("late-vm", "ampereMdev");
    await host.machine.shell("touch /dev/kvm");
    const { boots } = await host.machine.counters();
    let state: "before" | "blocked" | "started" = "before";
    const unhook = await host.machine.onCommand(async ({ name }) => {
      if (name === "pulumi-vgpu:block-nouveau") state = "blocked";
      if (state !== "blocked" || name !== "pulumi-vgpu:observe-host") return;
      state = "started";
      const seen = { path: "/dev/kvm", words: ["/usr/bin/kvm", "-id", "7", "-name", "late"] };
      await bed.simulator.invoke({ module: vms, export: "startProcess" }, [host.machine], "late", seen);
    });
    await expect(runUp(host.program({}), host.statePath)).rejects.toThrow(
      `VGPU_IN_USE ${hostName}: the machine must be rebooted and VMs run on it
Saw: VMs late (looked for just before the reboot)`,
    );
    await unhook();
    expect((await host.machine.counters()).boots).toBe(boots);
  });
});
