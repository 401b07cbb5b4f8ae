import type { ErrorParts } from "../../model/errors.js";
import type { GpuFacts, HostFacts } from "../../model/facts.js";
import { kernelLogText } from "../../model/kernel-log.js";
import type { DesiredHost } from "../desired.js";
import type { Step } from "../steps.js";

/** What NVIDIA's driver says of a board that it will not drive. */
const leavesAlone = /will ignore|not supported|Legacy drivers/i;
const ownVersion = /The (\d+(?:\.\d+)+) NVIDIA driver/;

/**
 * Returns the refusals of boards that the installed driver leaves alone: neither a reboot nor the vGPU manager's service
 * changes that. The catalog knows some of them before anything is installed; of others only the driver itself tells.
 */
export function ignoredBoardRefusals(
  desired: DesiredHost,
  facts: HostFacts,
  steps: readonly Step[],
): ErrorParts[] {
  const { installedDriver } = facts;
  const changes = steps.some(({ kind }) => kind === "install-driver" || kind === "uninstall-driver");
  if (installedDriver === null || changes) return [];
  return facts.gpus
    .filter((gpu) => gpu.address in desired.gpus && isIgnored(gpu, installedDriver))
    .map((gpu) => ({
      code: "VGPU_PREREQUISITE" as const,
      where: `${desired.name} ${gpu.address}`,
      what: `the installed driver ${installedDriver} leaves this GPU alone`,
      saw: `${gpu.deviceId} without a driver; ${kernelLogText(gpu)}`,
      expected: "a vGPU manager that has this board",
      next: "declare a release of the branch that the driver names, or of an earlier one, or leave this GPU out of gpus",
      property: desired.driver === null ? `gpus["${gpu.address}"]` : "driver.release",
    }));
}

/** What another version said earlier in this boot is not about this one. */
function isIgnored({ driver, kernelLog }: GpuFacts, installed: string): boolean {
  const said = kernelLog.join(" ");
  const version = ownVersion.exec(said)?.[1];
  return driver === null && leavesAlone.test(said) && (version === undefined || version === installed);
}
