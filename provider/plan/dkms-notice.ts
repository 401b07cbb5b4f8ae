import type { MachineFacts } from "../model/facts.js";

/** Returns that the driver will be gone with the next kernel where DKMS is there and does not have it; `null` otherwise. */
export function dkmsNotice(facts: MachineFacts): string | null {
  const driver = facts.manifest.driver;
  if (driver?.state !== "done" || facts.installedDriver !== driver.version) return null;
  if (!facts.tools.has("dkms") || facts.dkmsDrivers.includes(driver.version)) return null;
  return `DKMS does not have driver ${driver.version}, so the next kernel will come without one: after a kernel's update run pulumi up with driver.package declared, which builds it anew`;
}
