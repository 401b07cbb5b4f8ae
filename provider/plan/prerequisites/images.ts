import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** Returns the refusal of a machine whose next boot would start from the old images, which load nouveau. */
export function imageRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  const { imagesKept } = facts.installation;
  if (imagesKept.length === 0) return [];
  return [
    prerequisite(desired, {
      what: "the initramfs cannot be made anew without nouveau",
      saw: imagesKept.join("; "),
      expected:
        "that update-initramfs or dracut replaces every kernel's image: an old one loads nouveau at each boot",
      next: "take that away (update_initramfs=yes; mount -o remount,rw /boot; install initramfs-tools or dracut), run again",
      property: "driver",
    }),
  ];
}
