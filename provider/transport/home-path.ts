import { homedir } from "node:os";
import { join } from "node:path";

/** Returns the path of a file in the home directory of who runs Pulumi. */
export function homePath(...parts: string[]): string {
  return join(process.env.HOME ?? homedir(), ...parts);
}

/** Returns the path with a leading `~` replaced. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? homePath(path.slice(2)) : path;
}
