import { createPrivateKey, type KeyObject } from "node:crypto";

const pkcs8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/;

/** Whether a key is locked in the form of PKCS#8, of which the SSH library says nothing. */
export function isLockedPkcs8(text: string): boolean {
  return pkcs8.exec(text)?.[1] !== undefined;
}

/**
 * Returns a key that is written as PKCS#8 (as OpenSSL and Terraform's `tls_private_key` write them) in a form that the SSH library
 * reads, unlocked; any other text, and what cannot be opened, as it is. OpenSSH reads all of these.
 */
export function libraryForm(text: string, passphrase: string | undefined): string {
  if (!pkcs8.test(text)) return text;
  try {
    const key = createPrivateKey({
      key: text,
      format: "pem",
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return ownForm(key) ?? text;
  } catch {
    return text;
  }
}

function ownForm(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === "rsa") return String(key.export({ type: "pkcs1", format: "pem" }));
  if (key.asymmetricKeyType === "ec") return String(key.export({ type: "sec1", format: "pem" }));
  return key.asymmetricKeyType === "ed25519" ? ed25519Form(key) : undefined;
}

/** Source: PROTOCOL.key of OpenSSH. */
function ed25519Form(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const open = Buffer.from(x, "base64url");
  const name = Buffer.from("ssh-ed25519");
  const check = Buffer.alloc(8, 1);
  const inner = [
    check,
    ...[name, open, Buffer.concat([Buffer.from(d, "base64url"), open]), Buffer.alloc(0)].map(sized),
  ];
  const length = inner.reduce((sum, part) => sum + part.length, 0);
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, index) => index + 1));
  const none = Buffer.from("none");
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[none, none, Buffer.alloc(0)].map(sized),
    Buffer.from([0, 0, 0, 1]),
    sized(Buffer.concat([name, open].map(sized))),
    sized(Buffer.concat([...inner, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
