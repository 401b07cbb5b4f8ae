import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { bootUnit } from "../../../provider/apply/boot-unit.js";
import { changingScript } from "../../../provider/apply/machine.js";
import { rebootGuard } from "../../../provider/apply/reboot-guard.js";
import { hostScript, machineScript, readScript } from "../../../provider/observe/read-script.js";
import { settings } from "../../../provider/settings/order.js";
import { commandLine } from "../../../provider/transport/command/command-line.js";
import { transportScript } from "../../../provider/transport/command/remote-script.js";
import { guardedScript } from "../../../provider/transport/lock/lock-scripts.js";

/** No SSH server has to take a longer packet (RFC 4253, 6.1): one that does not would drop the connection. */
const longestPacket = 35_000;

const root = { by: "sudo-password", password: "secret" } as const;

/** The bytes of a command that changes a machine, with the lock's functions in front. */
function changing(name: string, text: string, args: readonly string[] = []): number {
  const guarded = guardedScript({ script: { name, text }, args }, "0".repeat(36), 40_000);
  return commandLine(guarded.script, guarded.args, root).text.length;
}

describe("a command that every SSH server takes", () => {
  it.each([
    ["install-boot-unit", [bootUnit()]],
    ["vgpus", []],
    ["install-driver", []],
    ["uninstall-driver", []],
    ...settings.flatMap(({ kinds }) => Object.keys(kinds).map((kind) => [kind, []] as const)),
  ] as const)("is %s, with its functions", (name, args) => {
    expect(changing(name, changingScript(name, "host"), args)).toBeLessThan(longestPacket - 1_000);
  });

  it("is that which reboots, with its look for VMs", () => {
    const { name, text } = transportScript("reboot-machine");
    expect(changing(name, rebootGuard("x").text + text)).toBeLessThan(longestPacket - 1_000);
  });

  it.each([
    ["host", hostScript()],
    ["guest", readScript("observe/guest.sh")],
  ])("is the look at a %s", (kind, asked) => {
    const text = machineScript() + asked;
    const line = commandLine({ name: `observe-${kind}`, text }, [], root);
    expect(line.text.length).toBeLessThan(longestPacket - 1_000);
  });
});

describe("a script's text", () => {
  it("is sent without its lines of comment and its indents, and with all else", () => {
    const text = "# why\nfor a in 1 2; do\n  # for whom\n  echo \"$a\" # said\n  echo '#'\ndone\n";
    const { text: line } = commandLine({ name: "x", text }, [], { by: "login" });
    expect(line).toContain('for a in 1 2; do\\necho "$a" # said\\necho ');
    expect(line).not.toMatch(/why|for whom/);
  });

  it("is packed where it is long, and is all there when it runs", () => {
    const text = `${"# why\n: padding\n".repeat(4_000)}echo "$1|$(cat)"; exit 3\n`;
    const { text: line } = commandLine({ name: "x", text }, ["it's"], { by: "login" });
    expect(line.length).toBeLessThan(5_000);
    const ran = spawnSync("sh", ["-c", line], { input: "in\n", encoding: "utf8" });
    expect(ran.stdout).toContain("it's|in\n");
    expect(ran.status).toBe(3);
    const without = spawnSync("sh", ["-c", line.replaceAll("gzip -dc", "no-gzip -dc")], { encoding: "utf8" });
    expect(without.status).toBe(127);
    expect(without.stderr).toContain("no-gzip");
  });
});
