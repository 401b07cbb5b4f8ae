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

/** Returns where the keys lie that are tried where nothing else is named. */
export function defaultKeyFiles(): string[] {
  const names = ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];
  return names.map((name) => homePath(".ssh", name));
}
