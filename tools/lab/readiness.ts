import { accessSync, constants } from "node:fs";
import path from "node:path";
import { findImage, type LabRelease, labReleases } from "./images/image-store.js";
import { qemu } from "./vm/qemu-arguments.js";

/** Programs that a running machine takes; building images takes more. */
const programs = [qemu, "qemu-img", "setpriv", "zstd", "makeself"];

/** What this machine has of the lab. */
export interface LabParts {
  hasProgram(name: string): boolean;
  hasImage(release: LabRelease): boolean;
}

/** Says in a sentence why machines of these releases cannot be started here; undefined: they can. */
export function labMissing(
  releases: readonly LabRelease[] = labReleases,
  parts: LabParts = here,
): string | undefined {
  const absent = programs.filter((name) => !parts.hasProgram(name));
  const unbuilt = [...new Set(releases)].filter((release) => !parts.hasImage(release));
  const missing = [
    ...(absent.length > 0 ? [`${absent.join(", ")} not installed`] : []),
    ...(unbuilt.length > 0 ? [`no whole image of Debian ${unbuilt.join(", ")}`] : []),
  ];
  if (missing.length === 0) return undefined;
  return `The lab is not set up here (${missing.join("; ")}). Next: npm run lab:setup`;
}

const here: LabParts = {
  hasProgram: (name) =>
    (process.env.PATH ?? "").split(path.delimiter).some((folder) => runs(path.join(folder, name))),
  hasImage: (release) => findImage(release) !== undefined,
};

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
