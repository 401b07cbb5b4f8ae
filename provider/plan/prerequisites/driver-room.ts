import type { ErrorParts } from "../../model/errors.js";
import type { InstallerFolder } from "../../model/installation-facts.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** What any driver takes where it is installed, in KiB. Unsourced: the modules and firmware of known ones take more. */
const leastDriverKib = 65_536;

/** What the driver that is installed takes. */
export interface DriverNeeds {
  /** The package's size in KiB: packed, it is smaller than what is in it. `undefined`: not known. */
  readonly sizeKib: number | undefined;
  /** Whether a driver goes before, which makes room that nobody knows. */
  readonly isFreed: boolean;
}

/**
 * Returns the refusal of a machine that has no place for the files of the driver: the installer leaves out what it cannot
 * write, and ends with success.
 */
export function driverRoomRefusal(
  desired: Named,
  folders: readonly InstallerFolder[],
  { sizeKib, isFreed }: DriverNeeds,
): ErrorParts | null {
  const base = { what: "the machine has no place for the driver", property: "driver.package" };
  const closed = folders.find(({ options }) => options.includes("ro"));
  if (closed !== undefined)
    return prerequisite(desired, {
      ...base,
      saw: `${closed.path}: ${closed.mount} is mounted read-only (/proc/self/mounts)`,
      expected: `a file system for ${closed.path} that can be written: the driver's files go there`,
      next: `mount -o remount,rw ${closed.mount}, run again`,
    });
  const need = Math.max(sizeKib ?? 0, leastDriverKib);
  const full = folders.find(({ freeKib }) => freeKib !== null && freeKib < need);
  if (isFreed || full === undefined) return null;
  return prerequisite(desired, {
    ...base,
    saw: `${full.path}: ${full.mount} has room for ${mib(full.freeKib ?? 0)} MiB (df)`,
    expected: `room for ${mib(need)} MiB at least: the driver's files go there`,
    next: `make room on ${full.mount}, run again`,
  });
}

/** MiB, of KiB. */
export function mib(kib: number): number {
  return Math.floor(kib / 1024);
}
