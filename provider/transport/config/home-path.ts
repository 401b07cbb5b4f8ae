import { userInfo } from "node:os";
import { join } from "node:path";

/** Returns who runs Pulumi by the machine's list of accounts; `undefined` for a user id that is not in it, as in some containers. */
export function account(): { readonly name: string; readonly home: string } | undefined {
  try {
    const { username, homedir } = userInfo();
    return { name: username, home: homedir };
  } catch {
    return undefined;
  }
}

/** Returns the path of a file in the home directory of who runs Pulumi; an empty HOME would lead into the current folder. */
export function homePath(...parts: string[]): string {
  return join(process.env.HOME || account()?.home || "/", ...parts);
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
