import type { FactLines } from "../model/fact-lines.js";
import { isFormat, isKnownFormat } from "../model/record-format.js";
import { manifestFiles, recordPath } from "./parse-manifest.js";

/**
 * Returns what is wrong with the first record that somebody or a damaged disk bent, `null` where none is: a claim that
 * cannot be read is not the absence of one. What a newer version wrote has forms that this one does not know.
 */
export function bentRecord(lines: FactLines): string | null {
  const files = manifestFiles(lines);
  const bent = lines.all("bent-record").map((fields) => fields.join("\t"));
  const format = files.get("format")?.get("format");
  if (bent.includes("format") || (files.has("format") && !isFormat(format ?? ""))) {
    return "/etc/pulumi-vgpu/format is not the number of a format";
  }
  if (format !== undefined && !isKnownFormat(format)) return null;
  const other = bent.find((path) => recordPath.test(path));
  if (other !== undefined) return `not every line of /etc/pulumi-vgpu/${other} is key=value, or it is empty`;
  const ownerless = ["host", "guest"].find((name) => files.has(name) && !files.get(name)?.get("owner"));
  return ownerless === undefined ? null : `/etc/pulumi-vgpu/${ownerless} has not exactly one owner`;
}
