import { readFileSync } from "node:fs";
import { VgpuError } from "../model/errors.js";
import type { PublicHostKey } from "./known-hosts.js";
import {
  fingerprint,
  hostKeyText,
  knownHostsName,
  lookUpKnownKeys,
  parsePublicHostKey,
  sameKey,
} from "./known-hosts.js";
import type { Route } from "./ssh-alias.js";

/** How one machine's host key is judged. */
export interface HostKeyTrust {
  /** Algorithms to ask the machine for, those of known keys first. */
  readonly algorithms: readonly string[];
  /** Returns the refusal, `undefined` when the key is trusted. */
  judge(shown: PublicHostKey): VgpuError | undefined;
}

/** In the order of preference when nothing is known. */
const allAlgorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];

/**
 * Returns how to judge the host key of a route: the pinned key, else known_hosts, else (`acceptNew`) any key of a
 * machine of which none is known.
 * @throws VGPU_INPUT when the pinned key is not a public key
 */
export function hostKeyTrust(route: Route, target: string, acceptNew: boolean): HostKeyTrust {
  if (route.connection.hostKey !== undefined) return pinned(route.connection.hostKey, target);
  const known = lookUpKnownKeys(readAll(route.knownHostsFiles), route.keyName, route.port);
  const list = route.knownHostsFiles[0] ?? "known_hosts";
  return {
    algorithms: algorithmsFor([...known.trusted, ...known.portless]),
    judge(shown) {
      if (known.revoked.some((key) => sameKey(key, shown))) return revokedKey(target, shown);
      if (known.trusted.some((key) => sameKey(key, shown))) return undefined;
      if (known.trusted.length > 0) return otherKey(target, shown, { keys: known.trusted, source: list });
      if (known.portless.some((key) => sameKey(key, shown))) return undefined;
      return acceptNew ? undefined : unknownKey(route, target, shown);
    },
  };
}

function pinned(text: string, target: string): HostKeyTrust {
  const key = parsePublicHostKey(text);
  if (key === undefined) throw notAKey(target, text);
  return {
    algorithms: algorithmsFor([key]),
    judge: (shown) =>
      sameKey(key, shown)
        ? undefined
        : otherKey(target, shown, { keys: [key], source: "connection.hostKey" }),
  };
}

/** Asks first for what is known: a server picks the first that it has, and shows only that key. */
function algorithmsFor(known: readonly PublicHostKey[]): readonly string[] {
  const first = known.flatMap(({ type }) =>
    type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type],
  );
  return [...new Set([...first.filter((name) => allAlgorithms.includes(name)), ...allAlgorithms])];
}

function readAll(files: readonly string[]): string[] {
  return files.flatMap((file) => {
    try {
      return [readFileSync(file, "utf8")];
    } catch {
      return [];
    }
  });
}

function describe(key: PublicHostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}

function otherKey(
  target: string,
  shown: PublicHostKey,
  known: { readonly keys: readonly PublicHostKey[]; readonly source: string },
): VgpuError {
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine shows another host key than the trusted one",
    saw: `${describe(shown)} (SSH handshake)`,
    expected: `${known.keys.map(describe).join(" or ")} (${known.source})`,
    next: `if the machine was reinstalled, check the new key on its console (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and replace the old one in ${known.source}; if not, somebody may sit in between`,
  });
}

function revokedKey(target: string, shown: PublicHostKey): VgpuError {
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine shows a host key that is revoked",
    saw: `${describe(shown)} (SSH handshake; @revoked in known_hosts)`,
    expected: "a host key that is not revoked",
    next: "make a new host key on the machine and replace the old one in known_hosts",
  });
}

function unknownKey(route: Route, target: string, shown: PublicHostKey): VgpuError {
  const line = `${knownHostsName(route.keyName, route.port)} ${hostKeyText(shown)}`;
  return new VgpuError({
    code: "VGPU_HOST_KEY",
    where: target,
    what: "the machine's host key is not known",
    saw: `${describe(shown)} (SSH handshake), nothing for ${knownHostsName(route.keyName, route.port)} in ${route.knownHostsFiles.join(", ")}`,
    expected: "a host key that is pinned in connection.hostKey or listed in known_hosts",
    next: `check the fingerprint on the machine's console, then set connection.hostKey to "${hostKeyText(shown)}" or add to known_hosts the line: ${line}`,
  });
}

function notAKey(target: string, text: string): VgpuError {
  const secret = text.includes("PRIVATE KEY");
  return new VgpuError({
    code: "VGPU_INPUT",
    where: target,
    what: "connection.hostKey is not a public host key",
    saw: secret ? "a private key" : `"${text.slice(0, 60)}"`,
    expected: 'one line of type and key, e.g. "ssh-ed25519 AAAA…" (as in /etc/ssh/ssh_host_ed25519_key.pub)',
    next: "take it from the machine, or from ssh-keyscan after checking its fingerprint",
    property: "connection.hostKey",
  });
}
