import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { isKnownFormat, knownFormat } from "../../model/record-format.js";

/** Whether this version knows what the records on the machine mean. */
export function knowsFormat({ manifest }: Pick<MachineFacts, "manifest">): boolean {
  return isKnownFormat(manifest.format);
}

/** Returns why nothing may be changed on a machine whose records this version does not know. */
export function formatRefusals(where: string, facts: MachineFacts): ErrorParts[] {
  if (knowsFormat(facts)) return [];
  return [
    {
      code: "VGPU_PREREQUISITE",
      where,
      what: "a newer pulumi-vgpu wrote the records of this machine",
      saw: `format ${facts.manifest.format} (/etc/pulumi-vgpu/format)`,
      expected: `format ${knownFormat} or older, which this version knows`,
      next: "run with the version that this machine was last changed with, or a newer one",
    },
  ];
}
