import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { type Simulator, startSimulator } from "../machine/simulator.js";
import type { HostKindOptions } from "./kinds.js";
import {
  guestRunName,
  hostRunName,
  makeGuestRun,
  makeHostRun,
  type RunPackageOptions,
} from "./run-package.js";
import { uuid } from "./scenes.js";

const kinds = join(__dirname, "kinds.ts");
const ties = join(__dirname, "tie.ts");
const version = "550.127.06";
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.stop());

const start = (name: string, kind: string, ...args: (HostKindOptions | object)[]) =>
  simulator.startMachine({ name, kind: { module: kinds, export: kind, args } });

/** Runs a shell command as root; returns its output, both kinds. */
async function sh(machine: SimulatedMachine, command: string): Promise<string> {
  return (await machine.shell(`{ ${command}\n} 2>&1`)).stdout;
}

/** Puts a package there and runs it, unattended. Returns output and exit code. */
async function runPackage(
  machine: SimulatedMachine,
  options: Omit<RunPackageOptions, "version"> = {},
): Promise<string> {
  const bytes = makeHostRun({ version, ...options }).toString("latin1");
  await machine.writeFile(`/root/${hostRunName(version)}`, bytes);
  return sh(machine, `sh /root/${hostRunName(version)} -as; echo "code $?"`);
}

const blockNouveau =
  "echo 'blacklist nouveau' > /etc/modprobe.d/b.conf; update-initramfs -u || dracut --force";

/** Takes a bare machine to a driver that has been through a reboot. */
async function managed(machine: SimulatedMachine): Promise<void> {
  await sh(machine, blockNouveau);
  await machine.restart("reboot");
  expect(await runPackage(machine)).toContain("code 0");
  await machine.restart("reboot");
}

describe("kinds of machines, with a real shell", () => {
  it("turing-legacy goes from bare to an mdev on the PF, without mdevctl", async () => {
    const machine = await start("turing", "turingLegacy");
    expect(await sh(machine, "command -v mdevctl; ls /sys/module")).toBe("nouveau\n");
    await managed(machine);
    const types = "/sys/bus/pci/devices/0000:3b:00.0/mdev_supported_types";
    await sh(machine, `echo ${uuid(1)} > ${types}/nvidia-232/create`);
    expect(await sh(machine, "ls /sys/bus/mdev/devices")).toBe(`${uuid(1)}\n`);
    expect(await sh(machine, `cat ${types}/nvidia-232/available_instances`)).toBe("3\n");
  });

  it("ampere-mdev makes mdevs on VFs, and the kernel's errno reaches the writer", async () => {
    const machine = await start("ampere", "ampereMdev", { distribution: "rocky-9" });
    expect(await sh(machine, "cat /etc/os-release")).toContain("Rocky Linux 9");
    await managed(machine);
    expect(await sh(machine, "/usr/lib/nvidia/sriov-manage -e ALL")).toBe("Enabling VFs on 0000:41:00.0\n");
    const create = (vf: string, type: number, n: number) =>
      `printf '${uuid(n)}' | dd of=/sys/class/mdev_bus/${vf}/mdev_supported_types/nvidia-${type}/create conv=notrunc status=none`;
    expect(await sh(machine, `${create("0000:41:00.4", 562, 1)}; mdevctl list`)).toContain("nvidia-562");
    expect(await sh(machine, create("0000:41:00.5", 560, 2))).toContain("No space left on device");
    expect(await sh(machine, create("0000:41:00.5", 562, 1))).toContain("File exists");
    expect(await sh(machine, "lspci -nnk -s 41:00.0")).toContain("Kernel driver in use: nvidia");
  });

  it("ada-vendor-vfio carries a guest that gets its driver and its license", async () => {
    const machine = await start("ada", "adaVendorVfio");
    const guest = await start("guest", "linuxGuest", { licenseDelayMs: 20 });
    await managed(machine);
    await simulator.invoke({ module: ties, export: "tieGuest" }, [guest, machine], {
      vmName: "desk-1",
      virtualFunction: "0000:26:00.4",
    });
    await sh(machine, "/usr/lib/nvidia/sriov-manage -e ALL");
    await sh(machine, "echo 1152 > /sys/bus/pci/devices/0000:26:00.4/nvidia/current_vgpu_type");
    await simulator.invoke({ module: ties, export: "startGuest" }, [guest]);
    const holders =
      "find /proc/[0-9]*/fd -lname '/dev/vfio/*' | cut -d / -f 3 | while read p; do tr '\\0' ' ' < /proc/$p/cmdline; done";
    expect(await sh(machine, holders)).toContain("-name guest=desk-1");
    await sh(guest, blockNouveau);
    await guest.restart("reboot");
    const bytes = makeGuestRun({ version: "550.127.05" }).toString("latin1");
    await guest.writeFile(`/root/${guestRunName("550.127.05")}`, bytes);
    expect(await sh(guest, `sh /root/${guestRunName("550.127.05")} -as; echo "code $?"`)).toContain("code 0");
    await guest.restart("reboot");
    const folder = "/etc/nvidia/ClientConfigToken";
    await sh(
      guest,
      `echo FeatureType=1 > /etc/nvidia/gridd.conf; echo token > ${folder}/a.tok; systemctl restart nvidia-gridd`,
    );
    const wait = "for n in 1 2 3 4 5 6 7 8 9; do nvidia-smi -q | grep ': Licensed' && break; sleep 0.1; done";
    expect(await sh(guest, wait)).toContain("Licensed (Expiry: ");
    expect(await sh(machine, "nvidia-smi vgpu -q")).toMatch(/License Status +: Licensed/);
  });

  it("a package that dies half way leaves programs without a module, and a second run mends it", async () => {
    const machine = await start("half", "ampereMdev");
    await sh(machine, blockNouveau);
    await machine.restart("reboot");
    expect(await runPackage(machine, { fault: "die" })).toContain("code 137");
    expect(await sh(machine, "nvidia-smi; echo $?; modinfo -F version nvidia")).toMatch(/\n9\n.*not found/);
    expect(await runPackage(machine)).toContain("code 0");
    expect(await sh(machine, "modinfo -F version nvidia")).toBe(`${version}\n`);
  });

  it("a package that does nothing ends with 0", async () => {
    const machine = await start("nothing", "ampereMdev");
    await sh(machine, blockNouveau);
    await machine.restart("reboot");
    expect(await runPackage(machine, { fault: "nothing" })).toBe("code 0\n");
    expect(await sh(machine, "ls /usr/bin/nvidia-smi")).toContain("No such file");
  });

  it.each([
    [{ iommu: false }, "ls /sys/class/iommu", ""],
    [{ bootVga: true }, "cat /sys/bus/pci/devices/0000:41:00.0/boot_vga", "1\n"],
    [{ headers: false }, "ls /lib/modules/$(uname -r)/build > /dev/null || echo none", /none/],
    [{ compiler: false }, "command -v cc gcc || echo none", "none\n"],
    [{ secureBoot: true }, "mokutil --sb-state", /SecureBoot enabled/],
    [
      { distributionDriver: true },
      "dpkg-query -W -f '${Package}\\n' 'nvidia-driver*'",
      "nvidia-driver-535\n",
    ],
  ] as const)("a wrong host %j looks wrong", async (wrong, command, expected) => {
    const machine = await start(`wrong-${Object.keys(wrong)[0]?.toLowerCase()}`, "ampereMdev", wrong);
    expect(await sh(machine, command)).toEqual(
      typeof expected === "string" ? expected : expect.stringMatching(expected),
    );
  });
});
