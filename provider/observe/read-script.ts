import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingFiles } from "../settings/order.js";

const texts = new Map<string, string>();

/** Returns a fixed shell script of this package, by its path below provider/, e.g. `"observe/host.sh"`. */
export function readScript(path: string): string {
  let text = texts.get(path);
  if (text === undefined) {
    text = readFileSync(join(__dirname, "..", path), "utf8");
    texts.set(path, text);
  }
  return text;
}

/** Returns the script that asks any machine, host or guest; what follows it may ask for more. */
export function machineScript(): string {
  const parts = ["check-tools", "look-at-processes", "machine", "prerequisites", "role"];
  return parts.map((name) => readScript(`observe/${name}.sh`)).join("");
}

/** Returns the script that asks a host, to follow that of any machine. */
export function hostScript(): string {
  const parts = ["observe/host.sh", ...settingFiles("observe"), "observe/host-records.sh"];
  return parts.map(readScript).join("");
}
