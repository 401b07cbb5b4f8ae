import { createHash, createHmac } from "node:crypto";

/** One public host key: `type` as in the key itself, e.g. `"ssh-ed25519"`, and the key in base64. */
export interface PublicHostKey {
  readonly type: string;
  readonly blob: string;
}

/** What known_hosts files say about one machine. */
export interface KnownKeys {
  readonly trusted: readonly PublicHostKey[];
  readonly revoked: readonly PublicHostKey[];
  /** Keys noted for the name without the port, which count when nothing is noted for the name with it. */
  readonly portless: readonly PublicHostKey[];
}

/** Returns the key of `"ssh-ed25519 AAAA… comment"`, `undefined` if the text is none. */
export function parsePublicHostKey(text: string): PublicHostKey | undefined {
  const [type, blob] = text.trim().split(/\s+/);
  if (type === undefined || blob === undefined) return undefined;
  const bytes = Buffer.from(blob, "base64");
  return keyType(bytes) === type ? { type, blob: bytes.toString("base64") } : undefined;
}

/** Returns the key that a machine showed, from its wire form. */
export function publicHostKey(wire: Buffer): PublicHostKey {
  return { type: keyType(wire) ?? "unknown", blob: wire.toString("base64") };
}

/** Returns `"ssh-ed25519 AAAA…"`. */
export function hostKeyText(key: PublicHostKey): string {
  return `${key.type} ${key.blob}`;
}

/** Returns the key's fingerprint as OpenSSH prints it, `"SHA256:…"` without padding. */
export function fingerprint(key: PublicHostKey): string {
  const hash = createHash("sha256").update(Buffer.from(key.blob, "base64")).digest("base64");
  return `SHA256:${hash.replaceAll("=", "")}`;
}

export function sameKey(one: PublicHostKey, other: PublicHostKey): boolean {
  return one.type === other.type && one.blob === other.blob;
}

/** A shorter RSA key proves nothing: it can be broken. */
export const leastRsaBits = 2048;

/** Returns the length of an RSA key, `undefined` of any other. Source: RFC 4253, section 6.6: type, exponent, modulus. */
export function rsaBits(key: PublicHostKey): number | undefined {
  if (key.type !== "ssh-rsa") return undefined;
  const wire = Buffer.from(key.blob, "base64");
  let at = 0;
  for (let skipped = 0; skipped < 2 && at + 4 <= wire.length; skipped++) at += 4 + wire.readUInt32BE(at);
  if (at + 4 > wire.length) return 0;
  const modulus = wire.subarray(at + 4, at + 4 + wire.readUInt32BE(at));
  const first = modulus.findIndex((byte) => byte !== 0);
  if (first === -1) return 0;
  return (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
}

/** Returns the name under which known_hosts lists a machine: `host`, or `[host]:port` when the port is not 22. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** Under which name known_hosts texts are asked for a machine. */
export interface ListedMachine {
  readonly host: string;
  readonly port: number;
  /** OpenSSH lists a `HostKeyAlias` without the port; with it, as this package once advised, it counts as well. */
  readonly isAlias?: boolean;
}

/**
 * Returns what the known_hosts texts say about a machine. Takes plain, wildcard, negated and hashed names, and `@revoked`;
 * leaves out `@cert-authority`, which the SSH library does not support.
 * Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 */
export function lookUpKnownKeys(
  texts: readonly string[],
  { host, port, isAlias = false }: ListedMachine,
): KnownKeys {
  const trusted: PublicHostKey[] = [];
  const revoked: PublicHostKey[] = [];
  const portless: PublicHostKey[] = [];
  for (const line of texts.flatMap((text) => text.split(/\r?\n/))) {
    const entry = parseEntry(line);
    if (entry === undefined) continue;
    const withoutPort = namesMatch(entry.names, host.toLowerCase());
    const named = namesMatch(entry.names, knownHostsName(host, port)) || (isAlias && withoutPort);
    const namedPortless = port !== 22 && !isAlias && withoutPort;
    if (entry.marker === "@revoked") {
      if (named || namedPortless) revoked.push(entry.key);
    } else if (named) trusted.push(entry.key);
    else if (namedPortless) portless.push(entry.key);
  }
  return { trusted, revoked, portless };
}

/** Whether the texts let an authority vouch for the machine (`@cert-authority`), which is not supported. */
export function namesAuthority(texts: readonly string[], { host, port }: ListedMachine): boolean {
  return texts
    .flatMap((text) => text.split(/\r?\n/))
    .map((line) => /^\s*@cert-authority\s+(\S+)/.exec(line)?.[1])
    .some(
      (names) =>
        names !== undefined &&
        [knownHostsName(host, port), host.toLowerCase()].some((name) => namesMatch(names, name)),
    );
}

interface Entry {
  readonly marker: string | undefined;
  readonly names: string;
  readonly key: PublicHostKey;
}

function parseEntry(line: string): Entry | undefined {
  const words = line.trim().split(/\s+/);
  if (words[0] === undefined || words[0] === "" || words[0].startsWith("#")) return undefined;
  const marker = words[0].startsWith("@") ? words.shift() : undefined;
  if (marker !== undefined && marker !== "@revoked") return undefined;
  const names = words.shift();
  const key = parsePublicHostKey(words.join(" "));
  return names === undefined || key === undefined ? undefined : { marker, names, key };
}

function namesMatch(names: string, name: string): boolean {
  if (names.startsWith("|1|")) return hashedNameMatches(names, name);
  let matched = false;
  for (const pattern of names.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (matchesWildcard(name, pattern.slice(1))) return false;
    } else if (matchesWildcard(name, pattern)) matched = true;
  }
  return matched;
}

function hashedNameMatches(hashed: string, name: string): boolean {
  const [, , salt, hash] = hashed.split("|");
  if (salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** `*` is any text, `?` one character. Takes time by the product of the two lengths at most, whatever the pattern. */
function matchesWildcard(name: string, pattern: string): boolean {
  let [at, inPattern] = [0, 0];
  let [star, afterStar] = [-1, 0];
  while (at < name.length) {
    if (pattern[inPattern] === "*") {
      star = inPattern++;
      afterStar = at;
    } else if (pattern[inPattern] === "?" || pattern[inPattern] === name[at]) {
      inPattern++;
      at++;
    } else if (star === -1) return false;
    else {
      // What the last star stands for becomes one character longer.
      inPattern = star + 1;
      at = ++afterStar;
    }
  }
  while (pattern[inPattern] === "*") inPattern++;
  return inPattern === pattern.length;
}

/** A key starts with its type: a 4-byte length and the name. Source: RFC 4253, section 6.6. */
function keyType(wire: Buffer): string | undefined {
  if (wire.length < 8) return undefined;
  const length = wire.readUInt32BE(0);
  return length > 64 || wire.length < 4 + length ? undefined : wire.toString("latin1", 4, 4 + length);
}
