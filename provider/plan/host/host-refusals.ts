import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts, HostFacts } from "../../model/facts.js";
import type { DesiredHost } from "../desired.js";
import { claimRefusals, driverRefusals, lostClaimRefusals } from "../driver/driver-refusals.js";
import { builtForOtherKernel } from "../driver/other-kernel.js";
import { noHostRefusals } from "../identity/host.js";
import { formatRefusals } from "../identity/record-format.js";
import { rebootRefusals } from "../identity/running-vms.js";
import { namelessRefusals } from "../identity/same-machine.js";
import { boardRefusals } from "../prerequisites/boards.js";
import { ignoredBoardRefusals } from "../prerequisites/ignored-board.js";
import { kernelConfigRefusals } from "../prerequisites/kernel-config.js";
import { prerequisite } from "../prerequisites/prerequisite.js";
import type { Step } from "../steps.js";
import { unreadRefusals } from "../unread.js";
import { carriersOf } from "../vgpu/carrier.js";
import { busyRefusals, settingRefusals, unmetRefusals } from "./gpu-settings.js";

/** Returns why the host cannot be brought to what is declared, given the steps that it would take. */
export function hostRefusals(desired: DesiredHost, facts: HostFacts, steps: readonly Step[]): ErrorParts[] {
  const other = [
    ...formatRefusals(desired.name, facts),
    ...namelessRefusals(desired.name, facts),
    ...noHostRefusals(desired, facts),
    ...claimRefusals(desired, facts, "host"),
    ...lostClaimRefusals(desired, facts),
  ].slice(0, 1);
  if (other.length > 0) return other;
  return [
    ...machineRefusals(desired, facts),
    ...Object.keys(desired.gpus).flatMap((address) => gpuRefusals(desired, address, facts)),
    ...driverRefusals(desired, facts, steps),
    ...ignoredBoardRefusals(desired, facts, steps),
    ...unreadRefusals(desired.name, facts, steps),
    ...busyRefusals(desired.name, facts, steps),
    ...installedOnRefusals(desired, facts, steps),
    ...disruptionRefusals(desired, facts, steps),
    ...readinessRefusals(desired, facts, steps),
  ];
}

function machineRefusals(desired: DesiredHost, facts: HostFacts): ErrorParts[] {
  const refusals: ErrorParts[] = [];
  const hasGpus = Object.keys(desired.gpus).length > 0;
  if ((hasGpus || desired.driver !== null) && facts.architecture !== "x86_64") {
    refusals.push(
      prerequisite(desired, {
        what: "cannot run a vGPU manager",
        saw: `architecture ${facts.architecture} (uname -m)`,
        expected: "x86_64",
        next: "use an x86_64 host",
      }),
    );
  }
  if (hasGpus && facts.iommuUnits.length === 0) {
    refusals.push(
      prerequisite(desired, {
        what: "IOMMU is off",
        saw: `no unit in /sys/class/iommu; kernel command line: ${facts.kernelCommandLine}`,
        expected: "VT-d or AMD-Vi on in the firmware, and intel_iommu=on or amd_iommu=on for the kernel",
        next: "turn it on in the firmware and on the kernel command line, reboot, run again",
        property: "gpus",
      }),
    );
  }
  if (hasGpus && desired.driver === null && facts.loadedDriver === null) {
    const elsewhere = builtForOtherKernel(facts, "vGPU manager");
    refusals.push(
      prerequisite(desired, {
        what: "there is no vGPU manager for the declared GPUs",
        saw: ["no module nvidia is loaded, and no driver declared", elsewhere].filter(Boolean).join("; "),
        expected: "a vGPU manager that runs, or driver in the program",
        next:
          elsewhere === null
            ? "declare driver: { release, package }"
            : `on the host: dkms autoinstall -k ${facts.kernel}, and reboot; or boot that kernel; or declare driver: { release, package }`,
        property: "driver",
      }),
    );
  }
  return refusals;
}

/** What of kernel and boards the declared vGPU manager cannot be installed for. */
function installedOnRefusals(desired: DesiredHost, facts: HostFacts, steps: readonly Step[]): ErrorParts[] {
  const { driver } = desired;
  if (driver === null || !steps.some((step) => step.kind === "install-driver")) return [];
  return [...kernelConfigRefusals(desired, driver.version, facts), ...boardRefusals(desired, facts.gpus)];
}

function gpuRefusals(desired: DesiredHost, address: string, facts: HostFacts): ErrorParts[] {
  const gpu = facts.gpus.find((candidate) => candidate.address === address);
  const where = `${desired.name} ${address}`;
  const property = `gpus["${address}"]`;
  if (gpu === undefined) return [noSuchGpu(where, property, facts.gpus)];
  return settingRefusals(desired, gpu, facts);
}

function noSuchGpu(where: string, property: string, gpus: readonly GpuFacts[]): ErrorParts {
  const found = gpus.map((gpu) => `${gpu.address} (${gpu.deviceId})`).join(", ");
  return {
    code: "VGPU_NO_SUCH_GPU",
    where,
    what: "there is no NVIDIA GPU at this address",
    saw: found === "" ? "no NVIDIA GPU in the host" : `NVIDIA GPUs at ${found}`,
    expected: "the address of a physical function, as lspci -D prints it",
    next: found === "" ? "look at the host with lspci -Dd 10de:" : "declare one of these addresses",
    property,
  };
}

/** Returns why these steps may not reboot the host now: VMs run on it. */
export function disruptionRefusals(
  desired: DesiredHost,
  facts: HostFacts,
  steps: readonly Step[],
): ErrorParts[] {
  const holders = carriersOf(facts).flatMap(({ vgpus }) => vgpus.flatMap((vgpu) => vgpu.holders));
  const users = [...facts.runningVms, ...holders.map((holder) => holder.domainName)];
  return rebootRefusals(desired, users, steps);
}

function readinessRefusals(desired: DesiredHost, facts: HostFacts, steps: readonly Step[]): ErrorParts[] {
  if (steps.length > 0 || facts.loadedDriver === null) return [];
  return unmetRefusals(desired, facts);
}
