import { releaseOfGuestDriver, releasesOfManager } from "../catalog/releases.js";
import type { MachineFacts } from "../model/facts.js";
import { type DriverInput, desiredDriver } from "./driver-input.js";

/** Returns the declared driver as the machine has it: its release says what is there, or what is missing. */
export function liveDriver(declared: DriverInput, facts: MachineFacts, side: "host" | "guest"): DriverInput {
  const wanted = desiredDriver(declared, side)?.version;
  const ours = facts.manifest.driver;
  const finished = ours?.state !== "intent" && ours?.bootId !== facts.bootId;
  if (facts.installedDriver === wanted && facts.loadedDriver === wanted && finished) return declared;
  return { ...declared, release: liveRelease(facts, side, finished) };
}

function liveRelease(facts: MachineFacts, side: "host" | "guest", finished: boolean): string {
  const version = facts.installedDriver;
  if (version === null) {
    const [other] = facts.otherKernelDrivers;
    return other === undefined
      ? "none"
      : `${releaseName(other.version, side)}, not for kernel ${facts.kernel}`;
  }
  const name = releaseName(version, side);
  if (facts.loadedDriver === null) return `${name}, not loaded`;
  if (facts.loadedDriver !== version) return `${name}, ${facts.loadedDriver} loaded`;
  return finished ? name : `${name}, not finished`;
}

/** Returns the release that a version of a driver is of, the version itself where nobody knows. */
function releaseName(version: string, side: "host" | "guest"): string {
  const rows = side === "host" ? releasesOfManager(version) : releaseOfGuestDriver(version);
  return rows.length > 0 ? rows.map((row) => row.release).join(" or ") : version;
}
