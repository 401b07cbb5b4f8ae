import { expect, it } from "vitest";
import { bootUnit } from "../../../provider/apply/boot-unit.js";
import { changingScript } from "../../../provider/apply/machine.js";
import { commandLine } from "../../../provider/transport/command-line.js";
import { guardedScript } from "../../../provider/transport/lock-scripts.js";

/** No SSH server has to take a longer packet (RFC 4253, 6.1): one that does not would drop the connection. */
const longestPacket = 35_000;

it.each([
  ["install-boot-unit", [bootUnit()]],
  ["vgpus", []],
  ["install-driver", []],
  ["uninstall-driver", []],
] as const)("%s, with its functions, is a command that every SSH server takes", (name, args) => {
  const token = "0".repeat(36);
  const guarded = guardedScript(
    { script: { name, text: changingScript(name, "host") }, args },
    token,
    40_000,
  );
  const line = commandLine(guarded.script, guarded.args, { by: "sudo-password", password: "secret" });
  expect(line.text.length).toBeLessThan(longestPacket - 1_000);
});
