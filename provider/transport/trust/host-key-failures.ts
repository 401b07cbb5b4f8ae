import { startOf, VgpuError } from "../../model/errors.js";
import type { Route } from "../config/route.js";
import { fingerprint, hostKeyText, knownHostsName, leastRsaBits, type PublicHostKey } from "./known-hosts.js";

function describeKey(key: PublicHostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}

/** A key that is trusted for a machine, and where that is written. */
export interface TrustedKeys {
  readonly keys: readonly PublicHostKey[];
  readonly source: string;
  /** What makes another key the trusted one. @default to replace it in `source` */
  readonly toReplace?: string;
}

/** The machine shows another key than the one that is trusted. */
export function otherKey(target: string, shown: PublicHostKey, known: TrustedKeys): VgpuError {
  const replace = known.toReplace ?? `replace the old one in ${known.source}`;
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine shows another host key than the trusted one",
    saw: `${describeKey(shown)} (SSH handshake)`,
    expected: `${known.keys.map(describeKey).join(" or ")} (${known.source})`,
    next: `if the machine was reinstalled, check the new key on its console (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and ${replace}; if not, somebody may sit in between`,
  });
}

/** The machine shows a key that nobody may trust any more; `source` says where that is written. */
export function revokedKey(target: string, shown: PublicHostKey, source: string): VgpuError {
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine shows a host key that is revoked",
    saw: `${describeKey(shown)} (SSH handshake; ${source})`,
    expected: "a host key that is not revoked",
    next: "make a new host key on the machine, and let connection.hostKey or known_hosts name that one",
  });
}

/** The machine shows an RSA key that is too short to prove anything. */
export function weakKey(target: string, shown: PublicHostKey, bits: number): VgpuError {
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine's host key is too weak",
    saw: `${describeKey(shown)}, RSA of ${bits} bits (SSH handshake)`,
    expected: `an ed25519 or ECDSA key, or RSA of at least ${leastRsaBits} bits`,
    next: "make a new host key on the machine (ssh-keygen -A makes those that are missing), and let connection.hostKey or known_hosts name that one",
  });
}

/** Nobody can say which keys are revoked, or trusted. */
export function unreadableKeys(target: string, saw: string): VgpuError {
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "cannot tell whether the machine's host key is revoked",
    saw,
    expected: "a file that this user may read, of public keys, one a line",
    next: "make the file readable, write the keys themselves into it, or take it out of ~/.ssh/config",
  });
}

/** Nobody knows the machine yet. */
export function unknownKey(
  route: Route,
  target: string,
  { shown, notAsked }: { readonly shown: PublicHostKey; readonly notAsked: readonly string[] },
): VgpuError {
  const name = knownHostsName(route.keyName, route.isKeyAlias ? 22 : route.port);
  const line = `${name} ${hostKeyText(shown)}`;
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine's host key is not known",
    saw: `${describeKey(shown)} (SSH handshake), nothing for ${name} in ${route.knownHostsFiles.join(", ")}${notAsked.length === 0 ? "" : `; not followed: ${notAsked.join(", ")}`}`,
    expected: "a host key that is pinned in connection.hostKey or listed in known_hosts",
    next: `check the fingerprint on the machine's console, then set connection.hostKey to "${hostKeyText(shown)}" or add to known_hosts the line: ${line}`,
  });
}

/** `connection.hostKey` is no key. */
export function notAKey(target: string, text: string): VgpuError {
  const secret = text.includes("PRIVATE KEY");
  return new VgpuError({
    code: "VGPU_INPUT",
    where: target,
    what: "connection.hostKey is not a public host key",
    saw: secret ? "a private key" : `"${startOf(text, 60)}"`,
    expected: 'one line of type and key, e.g. "ssh-ed25519 AAAA…" (as in /etc/ssh/ssh_host_ed25519_key.pub)',
    next: "take it from the machine, or from ssh-keyscan after checking its fingerprint",
    property: "connection.hostKey",
  });
}
