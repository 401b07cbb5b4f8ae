import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import type { InstallerFolder } from "../../model/installation-facts.js";
import type { Step } from "../steps.js";
import { driverRoomRefusal, mib } from "./driver-room.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** What the installer needs beside its package, in KiB; as apply/shell/installer-folder.sh has it. */
const leastRoomKib = 131_072;
/** How much more than itself a package takes that is unpacked and built; as apply/shell/installer-folder.sh has it. */
const timesUnpacked = 5;

/** What a package takes on a machine, in KiB. */
interface PackageNeeds {
  /** Left out: not known. */
  readonly sizeKib?: number;
  /** The mount point below which it is brought; `null` when it is there. */
  readonly broughtTo: string | null;
}

/**
 * Returns the refusal of a machine that has no room for the package that these steps bring and install, no folder to
 * which the vendor's installer can unpack itself, or no place for the driver. `bytes` is the package's size where its source does not say it.
 */
export function installerRoomRefusals(
  desired: Named,
  facts: MachineFacts,
  { steps, bytes }: { readonly steps: readonly Step[]; readonly bytes?: number | undefined },
): ErrorParts[] {
  const { installerFolders: folders, driverFolders } = facts.installation;
  const install = steps.find((step) => step.kind === "install-driver");
  if (install === undefined) return [];
  const isBrought = steps.some(({ kind }) => kind === "upload-package" || kind === "copy-package");
  const size = install.package.bytes ?? bytes;
  const beside = folders.find(({ path }) => path.startsWith("/var/lib/"));
  const needs: PackageNeeds = {
    ...(size === undefined ? {} : { sizeKib: Math.floor(size / 1024) }),
    broughtTo: isBrought ? (beside?.mount ?? null) : null,
  };
  const noPlace = isBrought && beside !== undefined ? packageRefusal(desired, beside, needs) : null;
  const isFreed = facts.installedDriver !== null || steps.some(({ kind }) => kind === "uninstall-driver");
  const refusal =
    noPlace ??
    unpackRefusal(desired, folders, needs) ??
    driverRoomRefusal(desired, driverFolders, { sizeKib: needs.sizeKib, isFreed });
  return refusal === null ? [] : [refusal];
}

function packageRefusal(
  desired: Named,
  { mount, freeKib }: InstallerFolder,
  { sizeKib = 0 }: PackageNeeds,
): ErrorParts | null {
  if (freeKib === null || freeKib >= sizeKib) return null;
  return prerequisite(desired, {
    what: "the machine has no room for the driver's package",
    saw: `${mount} has room for ${mib(freeKib)} MiB (df), the package has ${mib(sizeKib)} MiB`,
    expected: "room for it in /var/lib/pulumi-vgpu/packages",
    next: `make room on ${mount}, run again`,
    property: "driver.package",
  });
}

function unpackRefusal(
  desired: Named,
  folders: readonly InstallerFolder[],
  needs: PackageNeeds,
): ErrorParts | null {
  const reasons = folders.map((folder) => unusable(folder, needs));
  if (reasons.length === 0 || reasons.includes(null)) return null;
  const { sizeKib } = needs;
  const room =
    sizeKib === undefined
      ? `at least ${mib(leastRoomKib)} MiB`
      : `${timesUnpacked} times the package's ${mib(sizeKib)} MiB and ${mib(leastRoomKib)} MiB, and for the package where it is brought there`;
  return prerequisite(desired, {
    what: "the driver's installer will have no folder to unpack itself to",
    saw: reasons.join("; "),
    expected: `one of them with room for ${room}, not mounted noexec or read-only`,
    next: "make room there, or mount its file system with exec and rw, run again",
    property: "driver.package",
  });
}

/** What could not be read is not held against a folder: the step looks again, by writing. */
function unusable({ path, mount, freeKib, options }: InstallerFolder, needs: PackageNeeds): string | null {
  if (options.includes("noexec")) return `${path}: ${mount} is mounted noexec`;
  if (options.includes("ro")) return `${path}: ${mount} is mounted read-only`;
  const { sizeKib, broughtTo } = needs;
  const brought = broughtTo === mount ? (sizeKib ?? 0) : 0;
  const need = leastRoomKib + timesUnpacked * (sizeKib ?? 0) + brought;
  if (freeKib === null || freeKib >= need) return null;
  const wanted = sizeKib === undefined ? "" : `, ${mib(need)} MiB are needed`;
  return `${path}: ${mount} has room for ${mib(freeKib)} MiB${wanted}`;
}
