import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageHead } from "../../../provider/catalog/package-content.js";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { parsePackage } from "../../../provider/observe/observe-package.js";
import { hostScript, machineScript, readScript } from "../../../provider/observe/read-script.js";
import { settingFiles } from "../../../provider/settings/order.js";
import { runShell } from "../shell.js";

const machine = `services='nvidia-gridd.service'\n${machineScript()}`;
const observing = [
  ...["check-tools", "look-at-processes", "machine", "host", "host-records", "guest", "look-at-package"].map(
    (name) => `observe/${name}.sh`,
  ),
  ...settingFiles("observe"),
].map(readScript);

/** What was said, where this machine need not be started by systemd. */
function said(stdout: string): string {
  return stdout.replace(/^missing\tsystemctl\t.*\n/gm, "").replace(/^missing\tmodinfo\t.*\n/gm, "");
}

/** Size and time of everything in the folders where our changing scripts write. */
function digest(): string {
  const folders =
    "/etc/pulumi-vgpu /etc/modprobe.d /etc/systemd/system /etc/nvidia /etc/mdevctl.d /usr/local/lib /var/lib/pulumi-vgpu";
  return runShell(`find ${folders} -printf '%p %s %T@ %C@\\n' 2>/dev/null | sort`).stdout;
}

describe("the observing scripts", () => {
  it("say on any Linux machine what it is, to the end", () => {
    const result = runShell(machine + hostScript());
    expect(result.stderr).toBe("");
    const facts = parseHostFacts(said(result.stdout), "here");
    const [kernel, architecture] = runShell("uname -r; uname -m").stdout.split("\n");
    expect([facts.kernel, facts.architecture]).toEqual([kernel, architecture]);
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(facts.kernelCommandLine).not.toBe("");
    expect(result.stdout.endsWith("end\thost\n")).toBe(true);
  });

  it("say on any Linux machine what it is as a guest", () => {
    const result = runShell(machine + readScript("observe/guest.sh"));
    expect(result.stderr).toBe("");
    expect(parseGuestFacts(said(result.stdout), "here").hostname).toBe(runShell("uname -n").stdout.trim());
    expect(result.stdout.endsWith("end\tguest\n")).toBe(true);
  });

  it("change nothing where our changing scripts would", () => {
    const before = digest();
    runShell(machine + hostScript());
    runShell(machine + readScript("observe/guest.sh"));
    expect(digest()).toBe(before);
  });

  it("write to no file and call nothing that changes a machine", () => {
    for (const script of observing) {
      const code = script.replace(/^\s*#.*$/gm, "").replace(/'[^']*'/g, "''");
      expect([...code.matchAll(/>\s*(?!\/dev\/null|&)\S+/g)].map(([text]) => text)).toEqual([]);
      const words = /(^|[|;&(\s])(rm|mv|cp|tee|mkdir|touch|dd|ln|chmod|modprobe|sriov-manage|reboot)\s/m;
      expect(code).not.toMatch(words);
      expect(code).not.toMatch(/sed -i|systemctl (start|stop|re|try|enable|disable|mask|daemon)/);
      expect(code).not.toMatch(/mdevctl (define|undefine|start|stop|modify)/);
    }
  });

  it("print every value as one field, whatever it holds", () => {
    const facts = machine.slice(machine.indexOf("fact()"), machine.indexOf("line_of()"));
    const result = runShell(`${facts}\nfact tag "$@"`, ["a b", "%s\\n", "$(id)", "-n"]);
    expect(result.stdout).toBe("tag\ta b\t%s\\n\t$(id)\t-n\n");
  });

  it("say what a file is by its content, and nothing of one that is not there", () => {
    const script = readScript("observe/look-at-package.sh");
    const folder = mkdtempSync(join(tmpdir(), "look-"));
    const path = join(folder, "any name.zip");
    const target = "targetdir=NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm";
    const bytes = `#! /bin/sh\n\0\tlabel=no\n${target}\nversion_string=550.127.06\n${"x".repeat(100_000)}\nlabel=late\n`;
    writeFileSync(path, bytes);
    const result = runShell(script, [path]);
    rmSync(folder, { recursive: true });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(parsePackage(result.stdout)).toEqual({
      sha256: createHash("sha256").update(bytes).digest("hex"),
      head: packageHead(Buffer.from(bytes)),
      bytes: bytes.length,
    });
    expect(packageHead(Buffer.from(bytes)).headerLines).toEqual([target, "version_string=550.127.06"]);
    expect(runShell(script, ["/nowhere/at all"])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(parsePackage("")).toBeNull();
  });
});
