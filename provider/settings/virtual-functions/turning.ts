import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts } from "../../model/facts.js";

/** Returns why nothing may be made or changed on a GPU: sriov-manage turns its virtual functions on or off just now, left behind by an earlier script. */
export function turningRefusals(where: string, { address, vfsTurn }: GpuFacts): ErrorParts[] {
  if (vfsTurn === undefined) return [];
  const since = vfsTurn.seconds === null ? "" : `, for ${vfsTurn.seconds} s now`;
  return [
    {
      code: "VGPU_PREREQUISITE",
      where,
      what: `sriov-manage of an earlier run has not ended on ${address}`,
      saw: `sriov-manage ${vfsTurn.option} ${address} runs${since} (it has /run/pulumi-vgpu/sriov-manage.${address} locked)`,
      expected: "its end, before anything else is done to this GPU's virtual functions",
      next: "wait for it, run again; if it does not end, see on the host what it waits for (dmesg), shut the VMs down and reboot the host",
    },
  ];
}
