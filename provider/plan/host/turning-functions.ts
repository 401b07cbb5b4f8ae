import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts } from "../../model/facts.js";
import type { Step } from "../steps.js";

const turning: readonly Step["kind"][] = ["enable-vfs", "disable-vfs"];

/** Returns why these steps may not turn virtual functions on or off: sriov-manage is at it, left behind by an earlier script. */
export function turningRefusals(
  where: string,
  gpus: readonly GpuFacts[],
  steps: readonly Step[],
): ErrorParts[] {
  return gpus
    .filter(({ address }) =>
      steps.some((step) => "gpu" in step && turning.includes(step.kind) && step.gpu === address),
    )
    .flatMap((gpu) => turningRefusal(`${where} ${gpu.address}`, gpu));
}

/** Returns why nothing may be made on a GPU whose virtual functions sriov-manage turns on or off just now; nothing where it does not. */
export function turningRefusal(where: string, { address, vfsTurn }: GpuFacts): ErrorParts[] {
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
