import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Programs in place of the machine's: the text of a shell script, or `null` for none. */
export type StandIns = Readonly<Record<string, string | null>>;

/** A find as busybox has it: no `-printf`, no `-lname`. */
export const busyboxFind = `for word; do
  case $word in -printf | -lname) echo "find: unrecognized: $word" >&2; exit 1 ;; esac
done
exec /usr/bin/find "$@"`;

/** Returns lines that begin a script which finds all programs of this machine but these. */
export function pathWith(standIns: StandIns): string {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-vgpu-programs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const place of ["/usr/sbin", "/usr/bin"]) {
    for (const name of readdirSync(place)) {
      if (name in standIns) continue;
      try {
        symlinkSync(join(place, name), join(folder, name));
      } catch {
        // In both folders.
      }
    }
  }
  for (const [name, text] of Object.entries(standIns)) {
    if (text === null) continue;
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return `export LC_ALL=C PATH=${folder}\n`;
}
