import type { MachineFacts } from "../../model/facts.js";
import type { Step } from "../steps.js";

/** Returns that the driver will be gone with the next kernel where nothing builds it for that one; `null` otherwise. */
export function dkmsNotice(facts: MachineFacts, steps: readonly Step[]): string | null {
  if (facts.tools.has("dkms")) return notBuiltNotice(facts);
  const installs = steps.find((step) => step.kind === "install-driver");
  if (installs === undefined) return null;
  return `there is no dkms, so driver ${installs.version} is built for kernel ${facts.kernel} alone, and the next kernel will come without one: install the package dkms before up, or run pulumi up with driver.package declared after each kernel's update`;
}

function notBuiltNotice({ manifest, installedDriver, dkmsDrivers, dkmsBuilt }: MachineFacts): string | null {
  const { driver } = manifest;
  if (driver?.state !== "done" || installedDriver !== driver.version || dkmsBuilt.includes(driver.version))
    return null;
  const state = dkmsDrivers.includes(driver.version)
    ? `DKMS has driver ${driver.version} as added and has built it for no kernel (dkms status; /var/lib/dkms/nvidia/${driver.version})`
    : `DKMS does not have driver ${driver.version}`;
  return `${state}, so the next kernel will come without one: after a kernel's update run pulumi up with driver.package declared, which builds it anew`;
}
