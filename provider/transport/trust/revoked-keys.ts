import { readFileSync } from "node:fs";
import type { Route } from "../config/route.js";
import { unreadableKeys } from "./host-key-failures.js";
import { type PublicHostKey, parsePublicHostKey } from "./known-hosts.js";

/** How OpenSSH's binary list of revoked keys begins. Source: PROTOCOL.krl of OpenSSH. */
const binaryMagic = "SSHKRL\n\0";

/**
 * Returns the keys in the file that `RevokedHostKeys` of `~/.ssh/config` names.
 * @throws VGPU_HOST_KEY when it cannot be read or understood: a key may be in it
 */
export function revokedHostKeys(route: Route, target: string): readonly PublicHostKey[] {
  const path = route.revokedHostKeys;
  if (path === undefined) return [];
  const refuse = (why: string) => unreadableKeys(target, `${path} ${why} (RevokedHostKeys of ~/.ssh/config)`);
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`);
  }
  if (text.startsWith(binaryMagic))
    throw refuse("is a list in OpenSSH's binary form, which is not read here");
  const keys: PublicHostKey[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const key = parsePublicHostKey(line);
    if (key === undefined) throw refuse(`has no public key in line ${index + 1}`);
    keys.push(key);
  }
  return keys;
}

/**
 * Returns the texts of the known_hosts files that are there.
 * @throws VGPU_HOST_KEY when one is there and cannot be read: a revoked key may be in it
 */
export function knownHostsTexts(route: Route, target: string): string[] {
  return route.knownHostsFiles.flatMap((file) => {
    try {
      return [readFileSync(file, "utf8")];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return [];
      throw unreadableKeys(target, `${file} cannot be read: ${code ?? "unknown error"} (known_hosts)`);
    }
  });
}
