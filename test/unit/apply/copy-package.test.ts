import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { changingScript } from "../../../provider/apply/machine.js";
import { largestPackageBytes } from "../../../provider/catalog/package-content.js";
import { parsePackage } from "../../../provider/observe/observe-package.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { runShell } from "../shell.js";

const root = mkdtempSync(join(tmpdir(), "copy-"));
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => rmSync(source, { force: true }));
const bin = join(root, "bin");
const packages = join(root, "packages");
const source = join(root, "driver's \\ package.run");
const hash = createHash("sha256").update("content").digest("hex");

mkdirSync(bin);
// What the scripts wait for, they wait a second for; a shell that opens the file by itself is ended after ten.
writeFileSync(join(bin, "timeout"), '#!/bin/sh\nshift\nexec /usr/bin/timeout 1 "$@"\n', { mode: 0o755 });

/** The script as a machine runs it, after its look that the file is a plain one. */
function afterTheLook(text: string, args: readonly string[]) {
  const begun = text.replace(/^\[ -f .*$/m, "").replaceAll("/var/lib/pulumi-vgpu/packages", packages);
  const script = join(root, "script");
  writeFileSync(script, `PATH=${bin}:$PATH\nown_packages() { mkdir -p "$1"; }\n${begun}`);
  return runShell('exec /usr/bin/timeout 10 sh "$@"', [script, ...args]);
}

const copy = () => afterTheLook(readScript("apply/shell/copy-package.sh"), [source, hash]);

describe("a package on the machine that a pipe replaces in the instant before it is read", () => {
  it("makes the copy fail at the end of its time, and leaves nothing of it", () => {
    execFileSync("mkfifo", [source]);
    expect(copy()).toMatchObject({ code: 1, stderr: expect.stringContaining("ended with code 124") });
    expect(readdirSync(packages)).toEqual([]);
  });

  it("is one that could not be read, and holds up no look", () => {
    execFileSync("mkfifo", [source]);
    const look = afterTheLook(readScript("observe/look-at-package.sh"), [source]);
    expect(look.code).toBe(0);
    expect(parsePackage(look.stdout)?.sha256).toBe("");
  });
});

describe("a file on the machine that is too big", () => {
  const sparse = (bytes: number) => {
    writeFileSync(source, "");
    truncateSync(source, bytes);
  };

  it("is told with its size, and is not read for it", () => {
    sparse(2 ** 43);
    const look = afterTheLook(readScript("observe/look-at-package.sh"), [source]);
    expect(look.stdout).toBe(`size\t${2 ** 43}\nsha256\t\n`);
    expect(parsePackage(look.stdout)).toMatchObject({ sha256: "", bytes: 2 ** 43 });
    sparse(largestPackageBytes);
    const whole = afterTheLook(readScript("observe/look-at-package.sh"), [source]);
    expect(parsePackage(whole.stdout)).toMatchObject({ bytes: largestPackageBytes });
    expect(whole.stdout).toContain("first-bytes");
  });

  it("is not copied, whatever room there is", () => {
    sparse(2 ** 43);
    const said = `${source} has 8388608 MiB, which is more than any driver package has\n`;
    expect(copy()).toMatchObject({ code: 3, stdout: said });
    expect(readdirSync(packages)).toEqual([]);
  });

  it("for the room that there is, is not copied", () => {
    writeFileSync(source, "content");
    truncateSync(source, 3 * 2 ** 20);
    const df = (free: number) =>
      writeFileSync(join(bin, "df"), `#!/bin/sh\necho head\necho / 1 1 ${free} 1 /var\n`, { mode: 0o755 });
    df(3 * 1024);
    const said = `${packages} has room for 3 MiB, ${source} has 3 MiB\n`;
    expect(copy()).toMatchObject({ code: 1, stderr: said });
    df(3 * 1024 + 1);
    expect(copy()).toMatchObject({ code: 3, stdout: expect.stringContaining("expected") });
    rmSync(join(bin, "df"));
  });
});

describe("copy-package", () => {
  it("gives the copy its name when it is the declared content, and none when it is not", () => {
    writeFileSync(source, "content");
    expect(copy()).toMatchObject({ code: 0, stdout: "" });
    expect(readdirSync(packages)).toEqual([`${hash}.run`]);
    rmSync(packages, { recursive: true });
    writeFileSync(source, "other");
    const other = createHash("sha256").update("other").digest("hex");
    expect(copy()).toMatchObject({ code: 3, stdout: `sha256 of ${source} is ${other}, expected ${hash}\n` });
    expect(readdirSync(packages)).toEqual([]);
  });
});

describe("drop-package", () => {
  it("takes away what is not what its name says, and nothing that is", () => {
    const script = changingScript("drop-package", "host").replaceAll(
      "/var/lib/pulumi-vgpu/packages",
      packages,
    );
    const own = script.slice(script.indexOf("installer_folders="));
    mkdirSync(packages, { recursive: true });
    const run = join(packages, `${hash}.run`);
    writeFileSync(run, "content");
    expect(runShell(own, [hash]).code).toBe(0);
    expect(existsSync(run)).toBe(true);
    writeFileSync(run, "conten");
    expect(runShell(own, [hash]).code).toBe(0);
    expect(existsSync(run)).toBe(false);
  });
});
