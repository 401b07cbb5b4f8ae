import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";

/** A key pair in OpenSSH's forms; `public` is `"ssh-ed25519 AAAA…"`, without a comment. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/**
 * A new key pair. Every test key comes from here: ssh2 1.17 writes about one private key in some hundreds that it
 * cannot read itself; then another is made.
 */
export function makeKeyPair(type: "ed25519" | "ecdsa" | RsaKey = "ed25519", passphrase?: string): KeyPair {
  if (typeof type === "object") return makeRsaKeyPair(type.rsaBits);
  const options = {
    ...(type === "ecdsa" ? { bits: 256 } : {}),
    ...(passphrase === undefined ? {} : { passphrase, cipher: "aes256-ctr", rounds: 4 }),
  };
  for (;;) {
    // ssh2's types know no options of an ed25519 key.
    const pair = ssh2.utils.generateKeyPairSync(type as "ed25519", options as never);
    if (ssh2.utils.parseKey(pair.private, passphrase) instanceof Error) continue;
    return { private: pair.private, public: pair.public.trim().split(" ").slice(0, 2).join(" ") };
  }
}

/** An RSA key of this length. */
export interface RsaKey {
  readonly rsaBits: number;
}

function makeRsaKeyPair(modulusLength: number): KeyPair {
  const pair = generateKeyPairSync("rsa", {
    modulusLength,
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const parsed = ssh2.utils.parseKey(pair.privateKey);
  if (parsed instanceof Error) throw parsed;
  const [key] = [parsed].flat();
  return { private: pair.privateKey, public: `ssh-rsa ${key?.getPublicSSH().toString("base64")}` };
}
