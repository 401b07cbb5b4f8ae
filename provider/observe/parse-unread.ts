import { VgpuError } from "../model/errors.js";
import type { FactLines } from "../model/fact-lines.js";
import type { UnreadPart } from "../model/facts.js";
import { bentRecord } from "./bent-records.js";

const parts: ReadonlySet<string> = new Set<UnreadPart["part"]>([
  "processes",
  "devices",
  "driver",
  "services",
  "types",
  "mdevctl",
  "license",
]);

/** Returns the parts of the look that could not be finished, in the order in which they were tried. */
export function parseUnread(lines: FactLines): UnreadPart[] {
  return lines.all("unread").flatMap(([part = "", saw = ""]) => (isPart(part) ? [{ part, saw }] : []));
}

function isPart(text: string): text is UnreadPart["part"] {
  return parts.has(text);
}

/**
 * Refuses a look without which nothing is known: a program that it relies on is missing or of another make, or the manifest
 * could not be read, or is none.
 * @throws VGPU_PREREQUISITE naming the programs and their packages, or the file
 */
export function refuseBlindLook(lines: FactLines, where: string): void {
  const missing = lines.all("missing");
  if (missing.length > 0) throw missingTools(missing, where);
  const manifest = lines.all("unread").find(([part]) => part === "manifest");
  const bent = bentRecord(lines);
  if (manifest !== undefined) throw unreadManifest(manifest[1] ?? "", where);
  const [open] = lines.all("open-record");
  if (open !== undefined) throw openManifest(open[0] ?? "", where);
  if (bent !== null) throw bentManifest(bent, where);
}

function unreadManifest(saw: string, where: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where,
    what: "cannot read what is noted on the machine",
    saw: `${saw} (/etc/pulumi-vgpu)`,
    expected: "small regular files, as they were written",
    next: "look at that file on the machine: a damaged disk, or something put there by hand; then run again",
  });
}

function openManifest(saw: string, where: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where,
    what: "others than root may change what is noted on the machine",
    saw: `${saw} (find)`,
    expected: "a folder and files that root owns and nobody else may write",
    next: "see whether the files below /etc/pulumi-vgpu say what they should, then on the machine, as root: chown -R root: /etc/pulumi-vgpu; chmod -R go-w /etc/pulumi-vgpu; run again",
  });
}

function bentManifest(saw: string, where: string): VgpuError {
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where,
    what: "cannot understand what is noted on the machine",
    saw,
    expected: "records as they were written",
    next: "look at that file on the machine: a damaged disk, or something put there by hand; put it back as it was, or, if what it notes is gone for good, remove it; then run again",
  });
}

function missingTools(missing: readonly (readonly string[])[], where: string): VgpuError {
  const seen = missing.map(([program = "", , state]) =>
    state === "absent" ? `no ${program}` : `${program} is of another make, or does not work`,
  );
  const packages = [...new Set(missing.map(([, name = ""]) => name))].join(", ");
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where,
    what: "cannot look at the machine: programs are missing",
    saw: `${seen.join(", ")} (tried before the look)`,
    expected: packages,
    next: `install on the machine: ${packages}; then run again`,
  });
}
