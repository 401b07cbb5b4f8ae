import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** Returns the refusal of a distribution's own driver: two drivers overwrite each other's files. */
export function driverPackageRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  const { driverPackages, packagesUnread } = facts.installation;
  if (packagesUnread !== null) return [unreadRefusal(desired, packagesUnread)];
  if (driverPackages.length === 0) return [];
  const held = driverPackages.filter((found) => found.held).map(({ name }) => name);
  const names = driverPackages.map((found) => (found.held ? `${found.name} (held)` : found.name));
  const hold = held.length === 0 ? "" : `lift the hold (apt-mark unhold ${held.join(" ")}), `;
  return [
    prerequisite(desired, {
      what: "a distribution NVIDIA driver is installed",
      saw: `packages ${names.join(", ")}`,
      expected: "no NVIDIA driver beside the declared one",
      next: `${hold}remove these packages with the distribution's package manager, reboot, run again`,
      property: "driver",
    }),
  ];
}

function unreadRefusal(desired: Named, saw: string): ErrorParts {
  return prerequisite(desired, {
    what: "cannot tell whether a distribution NVIDIA driver is installed",
    saw,
    expected: "an answer of the package manager: two drivers overwrite each other's files",
    next: "mend the package database (dpkg --audit, or rpm --rebuilddb), run again",
    property: "driver",
  });
}

/** Returns the refusal of an installed driver of another version that a package brought, and no uninstaller takes away. */
export function moduleOwnerRefusals(
  desired: Named & { readonly driver: { readonly version: string } | null },
  facts: MachineFacts,
): ErrorParts[] {
  const found = facts.installation.moduleOnDisk;
  const other = facts.installedDriver !== null && facts.installedDriver !== desired.driver?.version;
  if (desired.driver === null || found === null || !other) return [];
  const brought = found.package === null ? "no package that is known" : `the package ${found.package}`;
  return [
    prerequisite(desired, {
      what: `driver ${facts.installedDriver} is installed, and no uninstaller of the vendor's is there to take it away`,
      saw: `${found.file}, brought by ${brought}; no nvidia-uninstall`,
      expected: `no other driver than ${desired.driver.version}, or one that nvidia-uninstall can remove`,
      next:
        found.package === null
          ? "remove that driver in the way in which it was installed, reboot, run again"
          : `remove the package (apt-get remove ${found.package}, or dnf or zypper remove ${found.package}), reboot, run again`,
      property: "driver",
    }),
  ];
}
