import { endOf, VgpuError } from "../model/errors.js";
import type { PackageHead } from "../model/package-head.js";
import type { ExecResult, Session } from "../transport/session.js";
import { readScript } from "./read-script.js";

/** A file on the machine. */
export interface SeenPackage {
  /** `""` when it could not be read. */
  readonly sha256: string;
  readonly head: PackageHead;
  /** `null` when it could not be read. */
  readonly bytes: number | null;
}

/** Returns what a file on the machine is, `null` when it is not there. One round trip that changes nothing. */
export async function observePackage(session: Session, path: string): Promise<SeenPackage | null> {
  const script = { name: "look-at-package", text: readScript("observe/look-at-package.sh") };
  const answer = await session.exec({ script, args: [path], deadlineMs: 140_000 });
  if (answer.code >= 128) throw killed(session.target, path, answer);
  return parsePackage(answer.stdout);
}

/** Half a look is not taken for a file that is not there. */
function killed(target: string, path: string, { code, stderr }: ExecResult): VgpuError {
  return new VgpuError({
    code: "VGPU_PROTOCOL",
    where: target,
    what: `cannot look at ${path}`,
    saw: `exit code ${code}: ${endOf(stderr.trim(), 200) || "no output"} (look-at-package)`,
    expected: "the whole answer of look-at-package",
    next: "run again; if it stays, look on the machine for what ends commands",
  });
}

/** Returns what look-at-package.sh said of a file. */
export function parsePackage(text: string): SeenPackage | null {
  const fields = text.split("\n").map((line) => line.split("\t"));
  const all = (tag: string) => fields.filter(([each]) => each === tag).map(([, value = ""]) => value);
  const [sha256] = all("sha256");
  if (sha256 === undefined) return null;
  const size = all("size")[0] ?? "";
  const bytes = /^\d{1,19}$/.test(size) ? Number(size) : null;
  return { sha256, bytes, head: { firstBytes: all("first-bytes")[0] ?? "", headerLines: all("header") } };
}
