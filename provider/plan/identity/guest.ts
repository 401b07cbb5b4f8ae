import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { shownList } from "./shown-list.js";

const expected = "a VM that has a vGPU or a passed-through GPU";
const next = "let connection lead into the VM, not to the machine that runs it";

/**
 * Returns why the machine is no guest: what it is decides, not the address that led to it. A guest may have a
 * passed-through GPU and may run VMs of its own.
 */
export function noGuestRefusals(desired: { readonly name: string }, facts: MachineFacts): ErrorParts[] {
  const { hostOwner, vgpuManager } = facts.role;
  const where = desired.name;
  const property = "connection";
  if (hostOwner !== null)
    return [
      {
        code: "VGPU_CLAIM_CONFLICT",
        where,
        what: "cannot manage a vGPU host as a guest",
        saw: `it is managed as a vGPU host by ${hostOwner} (/etc/pulumi-vgpu/host)`,
        expected,
        next: `${next}; when this is no vGPU host any more, destroy ${hostOwner} first`,
        property,
      },
    ];
  if (vgpuManager.length > 0)
    return [
      {
        code: "VGPU_PREREQUISITE",
        where,
        what: "this machine is a vGPU host, not a guest",
        saw: `a vGPU manager: ${shownList(vgpuManager)}`,
        expected,
        next,
        property,
      },
    ];
  return vmHostRefusals(desired, facts);
}

/** What is known to be no VM, or not known to be one, and runs VMs or has the programs for it: its GPUs are for them. */
function vmHostRefusals(desired: { readonly name: string }, facts: MachineFacts): ErrorParts[] {
  const { virtual, vmPrograms } = facts.role;
  if (virtual === true || (facts.runningVms.length === 0 && vmPrograms.length === 0)) return [];
  const vms = facts.runningVms.length === 0 ? "" : `VMs ${shownList(facts.runningVms)} run on it; `;
  const programs = vmPrograms.length === 0 ? "" : `${shownList(vmPrograms)}; `;
  return [
    {
      code: "VGPU_PREREQUISITE",
      where: desired.name,
      what:
        virtual === false
          ? "this machine runs VMs and is none itself"
          : "cannot tell whether this machine is a VM",
      saw: `${vms}${programs}${natureText(facts)}`,
      expected,
      next:
        virtual === false
          ? next
          : `${next}; where it does, shut the VMs inside down and remove the programs for them, run again`,
      property: "connection",
    },
  ];
}

function natureText({ role }: MachineFacts): string {
  if (role.virtual !== null) return role.virtualBy;
  return "no flag hypervisor (/proc/cpuinfo), no device of QEMU's (/sys/bus/pci/devices), no sys_vendor (/sys/class/dmi/id)";
}

/**
 * Returns why a machine that is not known to be a VM is not made a guest while hosts of the program have not been looked at in this run
 * (`hosts`): it may be one of theirs, under another address.
 */
export function unseenHostRefusals(
  desired: { readonly name: string },
  facts: MachineFacts,
  hosts: readonly { readonly name: string }[],
): ErrorParts[] {
  if (facts.role.virtual === true || hosts.length === 0) return [];
  return [
    {
      code: "VGPU_PREREQUISITE",
      where: desired.name,
      what: "cannot tell whether this machine is a vGPU host of the program",
      saw: `${natureText(facts)}; not looked at in this run: VgpuHost ${shownList(hosts.map(({ name }) => name))}`,
      expected,
      next: `${next}; where it does, run without --target and --exclude, and with a higher --parallel`,
      property: "connection",
    },
  ];
}
