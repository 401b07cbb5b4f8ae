import { guestCompatibility } from "../../../provider/catalog/compatibility.js";
import { releaseOfGuestDriver, releasesOfManager } from "../../../provider/catalog/releases.js";

/**
 * Whether a guest driver works under a vGPU manager, both by driver version. Where the catalog knows neither, the same
 * driver branch does.
 */
export function releasesFit(managerVersion: string, guestVersion: string): boolean {
  const pairs = releasesOfManager(managerVersion).flatMap((host) =>
    releaseOfGuestDriver(guestVersion).map(
      (guest) => guestCompatibility(host.release, guest.release).compatible,
    ),
  );
  if (pairs.includes(true)) return true;
  if (pairs.includes(false)) return false;
  return managerVersion.split(".")[0] === guestVersion.split(".")[0];
}
