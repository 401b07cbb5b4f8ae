import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import {
  desiredHost,
  driverOf,
  gpuAddress,
  gpuFacts,
  hostFacts,
  managerVersion,
  refusalTexts,
  withDriverPackages,
} from "./facts.js";
import { finishedHost, withVgpu } from "./finished-host.js";

const bare = hostFacts({ gpus: [gpuFacts()] });
interface Refusal {
  readonly facts: HostFacts;
  readonly desired?: Partial<DesiredHost>;
  readonly text: string;
}

const refusals: Record<string, Refusal> = {
  "a host that another stack manages": {
    facts: hostFacts({ manifest: { owner: "shop/prod/gpu-01" } }),
    text: `VGPU_CLAIM_CONFLICT gpu-01: cannot manage this host
Saw: it is managed by shop/prod/gpu-01 (/etc/pulumi-vgpu/host)
Expected: no owner, or shop/dev/gpu-01
Next: manage it in one place: destroy it there; if that was this stack under another name, rename it by pulumi stack rename, which keeps its state; or, when shop/prod/gpu-01 is gone for good, remove /etc/pulumi-vgpu/host on the host`,
  },
  "another architecture": {
    facts: { ...bare, architecture: "aarch64" },
    text: `VGPU_PREREQUISITE gpu-01: cannot run a vGPU manager
Saw: architecture aarch64 (uname -m)
Expected: x86_64
Next: use an x86_64 host`,
  },
  "a host whose IOMMU is off": {
    facts: { ...bare, iommuUnits: [], kernelCommandLine: "quiet" },
    text: `VGPU_PREREQUISITE gpu-01: IOMMU is off
Saw: no unit in /sys/class/iommu; kernel command line: quiet
Expected: VT-d or AMD-Vi on in the firmware, and intel_iommu=on or amd_iommu=on for the kernel
Next: turn it on in the firmware and on the kernel command line, reboot, run again`,
  },
  "an address without a GPU": {
    facts: hostFacts({ gpus: [gpuFacts({ address: "0000:af:00.0" })] }),
    text: `VGPU_NO_SUCH_GPU gpu-01 0000:3b:00.0: there is no NVIDIA GPU at this address
Saw: NVIDIA GPUs at 0000:af:00.0 (10de:2235)
Expected: the address of a physical function, as lspci -D prints it
Next: declare one of these addresses`,
  },
  "a host without any NVIDIA GPU": {
    facts: hostFacts(),
    text: `VGPU_NO_SUCH_GPU gpu-01 0000:3b:00.0: there is no NVIDIA GPU at this address
Saw: no NVIDIA GPU in the host
Expected: the address of a physical function, as lspci -D prints it
Next: look at the host with lspci -Dd 10de:`,
  },
  "the GPU of the console": {
    facts: hostFacts({ gpus: [gpuFacts({ bootVga: true })] }),
    text: `VGPU_PREREQUISITE gpu-01 0000:3b:00.0: this GPU drives the host's console
Saw: boot_vga is 1 (/sys/bus/pci/devices/0000:3b:00.0/boot_vga)
Expected: another display adapter as the primary one
Next: make another adapter primary in the firmware, or leave this GPU out of gpus`,
  },
  "a GPU that is passed through": {
    facts: hostFacts({ gpus: [gpuFacts({ driver: "vfio-pci" })] }),
    text: `VGPU_PREREQUISITE gpu-01 0000:3b:00.0: this GPU is handed to passthrough
Saw: driver vfio-pci
Expected: nouveau, nova_core, nvidia, or no driver
Next: take it out of the vfio-pci configuration of the host, reboot, run again`,
  },
  "a driver of the distribution beside the declared one": {
    facts: { ...bare, ...withDriverPackages("nvidia-driver-535", "nvidia-dkms-535") },
    text: `VGPU_PREREQUISITE gpu-01: a distribution NVIDIA driver is installed
Saw: packages nvidia-driver-535, nvidia-dkms-535
Expected: no NVIDIA driver beside the declared one
Next: remove these packages with the distribution's package manager, reboot, run again`,
  },
  "a driver that is neither installed nor given": {
    facts: { ...bare, installedDriver: "535.129.03", loadedDriver: "535.129.03" },
    desired: { driver: driverOf(managerVersion, { package: null }) },
    text: `VGPU_PREREQUISITE gpu-01: cannot install driver 550.127.06
Saw: 535.129.03 installed, and no package declared
Expected: driver.package, or that version installed already
Next: add driver.package: { path, sha256 }`,
  },
  "a driver whose installation did not end, without its package": {
    facts: {
      ...finishedHost(),
      loadedDriver: null,
      manifest: {
        ...finishedHost().manifest,
        driver: { state: "intent", version: managerVersion, bootId: "boot-1" },
      },
    },
    desired: { driver: driverOf(managerVersion, { package: null }) },
    text: `VGPU_PREREQUISITE gpu-01: cannot install driver 550.127.06
Saw: an installation of 550.127.06 that did not end, and no package declared
Expected: driver.package, or that version installed already
Next: add driver.package: { path, sha256 }`,
  },
  "a GPU without any driver, declared or installed": {
    facts: bare,
    desired: { driver: null },
    text: `VGPU_PREREQUISITE gpu-01: there is no vGPU manager for the declared GPUs
Saw: no module nvidia is loaded, and no driver declared
Expected: a vGPU manager that runs, or driver in the program
Next: declare driver: { release, package }`,
  },
  "missing kernel headers": {
    facts: { ...bare, kernelHeaders: false },
    text: `VGPU_PREREQUISITE gpu-01: kernel headers are missing
Saw: no /lib/modules/6.1.0-13-amd64/build
Expected: the headers of the running kernel, for the installer to build its modules
Next: install linux-headers-6.1.0-13-amd64`,
  },
  "missing build tools": {
    facts: { ...bare, tools: new Set() },
    text: `VGPU_PREREQUISITE gpu-01: build tools are missing
Saw: no cc, no make, no ld
Expected: cc, make, ld and the headers of the C library, for the installer to build its modules
Next: install them with the distribution's package manager: build-essential (Debian, Ubuntu), or gcc, make, binutils and glibc-devel (RHEL, SUSE)`,
  },
  "secure boot": {
    facts: { ...bare, secureBoot: "enabled" },
    text: `VGPU_PREREQUISITE gpu-01: secure boot is on
Saw: SecureBoot enabled (mokutil --sb-state)
Expected: secure boot off: modules signed with an own key are not supported yet
Next: turn secure boot off in the firmware, run again`,
  },
  "two reboots that nobody allowed": {
    facts: hostFacts({ nouveauLoaded: true, gpus: [gpuFacts({ driver: "nouveau" })] }),
    desired: { reboot: { allow: false, deadlineMs: 1 } },
    text: `VGPU_REBOOT_NEEDED gpu-01: 2 reboots are needed and not allowed
Saw: nouveau is loaded; vGPU manager 550.127.06 needs a boot after its installation
Expected: the program's word for it
Next: add reboot: { allow: true } to the resource`,
  },
  "one reboot that nobody allowed": {
    facts: { ...finishedHost(), loadedDriver: null },
    desired: { reboot: { allow: false, deadlineMs: 1 } },
    text: `VGPU_REBOOT_NEEDED gpu-01: a reboot is needed and not allowed
Saw: vGPU manager 550.127.06 is installed and not loaded
Expected: the program's word for it
Next: add reboot: { allow: true } to the resource`,
  },
  "a reboot under running VMs, with or without a vGPU": {
    facts: {
      ...finishedHost(),
      installedDriver: "535.129.03",
      loadedDriver: "535.129.03",
      gpus: [withVgpu],
      runningVms: ["build-7"],
    },
    text: `VGPU_IN_USE gpu-01: the host must be rebooted and VMs run on it
Saw: VMs build-7, desk-1; the module of vGPU manager 535.129.03 is loaded; vGPU manager 550.127.06 needs a boot after its installation
Expected: no VM runs while the host reboots
Next: shut these VMs down or move them to another host, run again`,
  },
  "a GPU that offers no types although everything is done": {
    facts: {
      ...finishedHost(),
      gpus: finishedHost().gpus.map((gpu) => ({
        ...gpu,
        vgpuInterface: null,
        absence: "the vGPU manager offers no types for it (nvidia-vgpud failed)",
      })),
    },
    text: `VGPU_PREREQUISITE gpu-01 0000:3b:00.0: the GPU offers no vGPU types
Saw: the vGPU manager offers no types for it (nvidia-vgpud failed)
Expected: types, now that the vGPU manager runs and the virtual functions are on
Next: on the host: systemctl status nvidia-vgpud, journalctl -u nvidia-vgpud -u nvidia-vgpu-mgr, dmesg | grep NVRM`,
  },
};

describe("planHost", () => {
  it.each(Object.entries(refusals))("refuses %s", (_title, { facts, desired, text }) => {
    const plan = planHost(desiredHost(desired), facts);
    expect(refusalTexts(plan)).toEqual([text]);
    expect(plan.steps).toEqual([]);
  });

  it("tells everything that is in the way at once", () => {
    const facts = hostFacts({
      architecture: "aarch64",
      iommuUnits: [],
      kernelHeaders: false,
      secureBoot: "enabled",
    });
    const plan = planHost(desiredHost({ reboot: { allow: false, deadlineMs: 1 } }), facts);
    expect(plan.refusals.map(({ code, what }) => `${code} ${what}`)).toEqual([
      "VGPU_PREREQUISITE cannot run a vGPU manager",
      "VGPU_PREREQUISITE IOMMU is off",
      "VGPU_NO_SUCH_GPU there is no NVIDIA GPU at this address",
      "VGPU_PREREQUISITE kernel headers are missing",
      "VGPU_PREREQUISITE secure boot is on",
      "VGPU_REBOOT_NEEDED a reboot is needed and not allowed",
    ]);
  });

  it("gives each refusal the property that is at fault", () => {
    const propertyOf = (title: string) => {
      const { facts, desired } = refusals[title] ?? { facts: bare };
      return planHost(desiredHost(desired), facts).refusals[0]?.property;
    };
    expect(propertyOf("a host that another stack manages")).toBe("connection");
    expect(propertyOf("the GPU of the console")).toBe(`gpus["${gpuAddress}"]`);
    expect(propertyOf("one reboot that nobody allowed")).toBe("reboot.allow");
    expect(propertyOf("a driver that is neither installed nor given")).toBe("driver.package");
  });

  it("does not mind secure boot, headers and tools when nothing is to be built", () => {
    const facts = {
      ...finishedHost(),
      secureBoot: "enabled" as const,
      kernelHeaders: false,
      tools: new Set<string>(),
    };
    expect(planHost(desiredHost(), facts)).toEqual({ steps: [], refusals: [] });
  });
});
