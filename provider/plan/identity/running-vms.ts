import type { ErrorParts } from "../../model/errors.js";
import type { DriverTarget } from "../driver/driver-steps.js";
import type { Step } from "../steps.js";

/** Returns why these steps may not reboot the machine now, host or guest: VMs run on it. */
export function rebootRefusals(
  desired: Pick<DriverTarget, "name" | "rebootDisruption">,
  vms: readonly string[],
  steps: readonly Step[],
): ErrorParts[] {
  const reboots = steps.filter((step) => step.kind === "reboot-machine");
  const users = [...new Set(vms)].sort();
  if (reboots.length === 0 || users.length === 0) return [];
  const host = desired.rebootDisruption === "reboots-host";
  return [
    {
      code: "VGPU_IN_USE",
      where: desired.name,
      what: `the ${host ? "host must be rebooted and VMs run on it" : "guest must be rebooted and VMs run in it"}`,
      saw: `VMs ${users.join(", ")}; ${reboots.map((step) => step.cause).join("; ")}`,
      expected: `no VM runs while the ${host ? "host" : "guest"} reboots`,
      next: host
        ? "shut these VMs down or move them to another host, run again"
        : "shut these VMs down, run again",
    },
  ];
}
