import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import type { Step } from "../steps.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** Returns the refusal of a machine that loads no unsigned modules. */
export function secureBootRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  if (facts.secureBoot !== "enabled") return [];
  return [
    prerequisite(desired, {
      what: "secure boot is on",
      saw: "SecureBoot enabled (mokutil --sb-state)",
      expected: "secure boot off: modules signed with an own key are not supported yet",
      next: "turn secure boot off in the firmware, run again",
      property: "driver",
    }),
  ];
}

/**
 * Returns what the person should know where a driver is to be installed and nothing says whether secure boot is on; `null`
 * else. It is no refusal: most machines of that kind have it off, and the installer finds out before it changes a file.
 */
export function secureBootNotice(facts: MachineFacts, steps: readonly Step[]): string | null {
  const installs = steps.some(({ kind }) => kind === "install-driver");
  if (!installs || facts.secureBoot !== "unknown") return null;
  const why = facts.tools.has("mokutil") ? "mokutil --sb-state does not tell" : "there is no mokutil to ask";
  return `cannot tell whether secure boot is on: ${why}. Where it is, the driver will not load: turn it off in the firmware before`;
}
