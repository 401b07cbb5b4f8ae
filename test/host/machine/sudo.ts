// The sudo of a machine: a script, and for a real second uid a setuid program that becomes root.
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine, ToolHandler } from "../types.js";
import { isRootless } from "./root-tree.js";

/** Puts sudo into the machine as its options say. */
export function installSudo(machine: Machine): void {
  const policy = machine.options.sudo ?? "passwordless";
  if (policy === "missing") return;
  const text = readFileSync(join(__dirname, "sudo-standin.sh"), "utf8");
  const rootless = isRootless();
  machine.writeFile(
    "/usr/bin/sudo",
    text.replace("@POLICY@", policy).replace("@ROOTLESS@", rootless ? "yes" : "no"),
    0o755,
  );
  machine.installTool("/usr/lib/standin/check-password", checkPassword);
  if (rootless) return;
  const asRoot = join(machine.root, "usr/lib/standin/as-root");
  copyFileSync("/usr/bin/setpriv", asRoot);
  chmodSync(asRoot, 0o4755);
}

const checkPassword: ToolHandler = ({ stdin = "" }, { options }) => {
  const [user = "", password] = stdin.split("\n");
  return { code: password !== undefined && options.passwords?.[user] === password ? 0 : 1 };
};
