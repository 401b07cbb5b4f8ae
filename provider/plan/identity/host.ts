import { findBoard, subsystemsOf } from "../../catalog/boards.js";
import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts, HostFacts } from "../../model/facts.js";
import type { DesiredHost } from "../desired.js";
import { shownList } from "./shown-list.js";

const expected = "the machine that the VMs run on";
const next = "let connection lead to the KVM host, not into a VM of it";

/** Returns why the machine is no vGPU host: it is managed as a guest, or it is a VM whose GPU carries no vGPUs. */
export function noHostRefusals(desired: DesiredHost, facts: HostFacts): ErrorParts[] {
  const { role, manifest } = facts;
  if (role.guestOwner !== null && manifest.owner !== desired.owner)
    return [
      {
        code: "VGPU_CLAIM_CONFLICT",
        where: desired.name,
        what: "cannot manage a guest as a vGPU host",
        saw: `it is managed as a guest by ${role.guestOwner} (/etc/pulumi-vgpu/guest)`,
        expected,
        next: `${next}; when this is no guest any more, destroy ${role.guestOwner} first`,
        property: "connection",
      },
    ];
  const evidence = role.virtual === true && role.vgpuManager.length === 0 ? guestSigns(desired, facts) : [];
  if (evidence.length === 0) return [];
  return [
    {
      code: "VGPU_PREREQUISITE",
      where: desired.name,
      what: "this machine is a guest, not a vGPU host",
      saw: `${evidence.join("; ")}; a VM: ${role.virtualBy}`,
      expected,
      next,
      property: "connection",
    },
  ];
}

function guestSigns(desired: DesiredHost, facts: HostFacts): string[] {
  const declared = Object.keys(desired.gpus);
  if (desired.driver === null && declared.length === 0) return [];
  const { guestDriver } = facts.role;
  const driver = guestDriver.length === 0 ? [] : [`a guest driver: ${shownList(guestDriver)}`];
  const lent = facts.gpus.filter((gpu) => declared.includes(gpu.address) && isLent(gpu));
  return [...driver, ...lent.map(lentText)];
}

/** Whether a VM was given it: a vGPU has a subsystem of its own, and no GPU that is passed through shows its functions. */
function isLent(gpu: GpuFacts): boolean {
  if (gpu.offeredTypes.length > 0 || gpu.totalVfs > 0) return false;
  const known = subsystemsOf(gpu.deviceId);
  const own = gpu.subsystemId.startsWith("10de:") && known !== null && !known.includes(gpu.subsystemId);
  return own || findBoard(gpu)?.sriov === true;
}

function lentText(gpu: GpuFacts): string {
  return `${gpu.address} is ${gpu.deviceId} with the subsystem ${gpu.subsystemId} and no virtual functions (/sys/bus/pci/devices)`;
}
