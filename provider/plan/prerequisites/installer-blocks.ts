import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** Returns what makes the vendor's installer end without installing anything. Source: nvidia-installer, programs.md section 3 */
export function installerBlockRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  const { alternateInstall, xServers } = facts.installation;
  const refusals: ErrorParts[] = [];
  if (alternateInstall !== null) {
    refusals.push(
      prerequisite(desired, {
        what: "the distribution keeps the vendor's installer away",
        saw: alternateInstall,
        expected: "no such file: the installer ends without installing anything where it is",
        next: `remove the package that brings it (dpkg -S ${alternateInstall}, or rpm -qf ${alternateInstall}, names it), run again`,
        property: "driver",
      }),
    );
  }
  if (xServers.length > 0) {
    const seen = xServers.map(({ lock, pid, name }) => `${lock} of process ${pid} (${name || "unnamed"})`);
    refusals.push(
      prerequisite(desired, {
        what: "an X server runs",
        saw: seen.join(", "),
        expected: "none: the installer ends without installing anything while one runs",
        next: "stop it, and keep it from coming back at boot (systemctl set-default multi-user.target; systemctl isolate multi-user.target), run again",
        property: "driver",
      }),
    );
  }
  return refusals;
}
