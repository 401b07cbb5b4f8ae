import { type PublicHostKey, parsePublicHostKey, publicHostKey } from "../trust/known-hosts.js";

const opening = "-----BEGIN OPENSSH PRIVATE KEY-----";
const magic = "openssh-key-v1\0";

/**
 * Returns the public key of a public key file, or of a private key in OpenSSH's form, encrypted or not; `undefined` of
 * another. Source: PROTOCOL.key of OpenSSH.
 */
export function publicHalf(text: string): PublicHostKey | undefined {
  const at = text.indexOf(opening);
  if (at === -1) return parsePublicHostKey(text);
  const body = text.slice(at + opening.length).split("-----")[0] ?? "";
  const bytes = Buffer.from(body.replace(/\s/g, ""), "base64");
  if (bytes.toString("latin1", 0, magic.length) !== magic) return undefined;
  let rest = bytes.subarray(magic.length);
  // Cipher, key derivation and its options come first, then how many keys there are, then the public ones.
  for (let skipped = 0; skipped < 3; skipped++) rest = rest.subarray(4 + lengthOf(rest));
  rest = rest.subarray(4);
  const wire = rest.subarray(4, 4 + lengthOf(rest));
  return wire.length > 0 ? publicHostKey(wire) : undefined;
}

/** Whether the text is a public key, or a certificate, and nothing else. */
export function isPublic(text: string): boolean {
  return !text.includes("PRIVATE KEY") && parsePublicHostKey(text) !== undefined;
}

/** Whether a key lives on a security key: its type is `sk-ssh-ed25519@openssh.com` or the like. */
export function isFido(type: string): boolean {
  return type.startsWith("sk-");
}

/** Whether this is a key that a CA has signed. */
export function isCertificate(type: string): boolean {
  return type.endsWith("-cert-v01@openssh.com");
}

function lengthOf(bytes: Buffer): number {
  return bytes.length < 4 ? 0 : bytes.readUInt32BE(0);
}
