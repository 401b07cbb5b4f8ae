import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import type { InstallerFolder } from "../../model/installation-facts.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** What the installer needs at least, whatever its package's size, in KiB; apply/shell/installer-folder.sh asks for more by that. */
const leastRoomKib = 131_072;

/** Returns the refusal of a machine that has no folder to which the vendor's installer can unpack itself. */
export function installerRoomRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  const folders = facts.installation.installerFolders;
  const reasons = folders.map(unusable);
  if (folders.length === 0 || reasons.includes(null)) return [];
  return [
    prerequisite(desired, {
      what: "the driver's installer will have no folder to unpack itself to",
      saw: reasons.join("; "),
      expected: `one of them with room for at least ${leastRoomKib / 1024} MiB, not mounted noexec or read-only`,
      next: "make room there, or mount its file system with exec and rw, run again",
      property: "driver.package",
    }),
  ];
}

/** What could not be read is not held against a folder: the step looks again, by writing. */
function unusable({ path, mount, freeKib, options }: InstallerFolder): string | null {
  if (options.includes("noexec")) return `${path}: ${mount} is mounted noexec`;
  if (options.includes("ro")) return `${path}: ${mount} is mounted read-only`;
  if (freeKib === null || freeKib >= leastRoomKib) return null;
  return `${path}: ${mount} has room for ${Math.floor(freeKib / 1024)} MiB`;
}
