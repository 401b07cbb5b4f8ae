import type { ParsedKey } from "ssh2";
import { leastRsaBits, publicHostKey, rsaBits } from "../trust/known-hosts.js";

/** Returns why a key that logs in is not used, e.g. `"is an RSA key of 1024 bits, 2048 are the least"`. */
export function keyWeakness(key: ParsedKey): string | undefined {
  if (key.type === "ssh-dss") return "is a DSA key, which signs with SHA-1";
  const bits = rsaBits(publicHostKey(key.getPublicSSH()));
  if (bits === undefined || bits >= leastRsaBits) return undefined;
  return `is an RSA key of ${bits} bits, ${leastRsaBits} are the least`;
}
