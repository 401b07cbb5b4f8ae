import type { MachineFacts } from "../../model/facts.js";

/**
 * Returns why no driver is on disk for the running kernel although one is for others: the kernel was updated and nobody
 * built the modules anew. `null` when that is not so. `what` names the driver for people.
 */
export function builtForOtherKernel(facts: MachineFacts, what: string): string | null {
  if (facts.installedDriver !== null || facts.otherKernelDrivers.length === 0) return null;
  const builds = facts.otherKernelDrivers.map(({ kernel, version }) => `${version} for kernel ${kernel}`);
  const dkms = facts.dkmsStatus.length > 0 ? ` (dkms status: ${facts.dkmsStatus.join("; ")})` : "";
  return `${what} ${builds.join(", ")} is on disk, none for the running ${facts.kernel}${dkms}`;
}
