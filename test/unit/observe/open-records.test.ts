import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { captureText } from "../captures.js";
import { runShell } from "../shell.js";

const where = "root@kvm-02:22";
const isRoot = process.getuid?.() === 0;
let manifest: string;

beforeEach(() => {
  manifest = mkdtempSync(join(tmpdir(), "open-records-"));
  chmodSync(manifest, 0o755);
  for (const claim of ["host", "guest"])
    writeFileSync(join(manifest, claim), "owner=shop/dev/one\nnouveau=absent\n", { mode: 0o644 });
});
afterEach(() => rmSync(manifest, { recursive: true }));

function look(side: "host" | "guest") {
  const functions = readScript("observe/machine.sh").split("kernel=$(uname")[0] ?? "";
  const text = `${functions}\nlook_at_manifest\n`.replaceAll("/etc/pulumi-vgpu", manifest);
  const seen = runShell(text).stdout.replaceAll(manifest, "/etc/pulumi-vgpu");
  const rest = (capture: string) => captureText(capture).replace(/^manifest\t.*\n/gm, "");
  return side === "host"
    ? parseHostFacts(seen + rest("observe-host.legacy.txt"), where)
    : parseGuestFacts(seen + rest("observe-guest.licensed.txt"), where);
}

const refusal = (
  saw: string,
) => `VGPU_PREREQUISITE ${where}: others than root may change what is noted on the machine
Saw: ${saw} (find)
Expected: a folder and files that root owns and nobody else may write
Next: see whether the files below /etc/pulumi-vgpu say what they should, then on the machine, as root: chown -R root: /etc/pulumi-vgpu; chmod -R go-w /etc/pulumi-vgpu; run again`;

describe("records that others than root may change", () => {
  it.each([
    ["", 0o777],
    ["", 0o775],
    ["/host", 0o666],
    ["/guest", 0o664],
  ])("refuse the look, and it works when the advice was followed: %s, mode %o", (path, mode) => {
    chmodSync(manifest + path, mode);
    const owner = process.getuid?.() ?? 0;
    for (const side of ["host", "guest"] as const)
      expect(() => look(side)).toThrow(
        refusal(`/etc/pulumi-vgpu${path} (mode ${mode.toString(8)}, owner ${owner})`),
      );
    expect(runShell('chmod -R go-w "$1"', [manifest]).code).toBe(0);
    for (const side of ["host", "guest"] as const) expect(look(side).manifest.owner).toBe("shop/dev/one");
  });

  it("refuse the look when they lie behind a link", () => {
    const link = `${manifest}-link`;
    symlinkSync(manifest, link);
    const real = manifest;
    manifest = link;
    expect(() => look("host")).toThrow(/Saw: not a small file: \/etc\/pulumi-vgpu \(l, \d+ bytes\)/);
    manifest = real;
    rmSync(link);
  });

  it.runIf(isRoot)("refuse the look when they are another user's", () => {
    chownSync(join(manifest, "host"), 65534, 65534);
    expect(() => look("host")).toThrow(refusal("/etc/pulumi-vgpu/host (mode 644, owner 65534)"));
  });
});
