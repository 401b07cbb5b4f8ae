import { existsSync, readFileSync } from "node:fs";
import { utils } from "ssh2";
import { redactLater } from "../../model/errors.js";
import { expandHome } from "../config/home-path.js";
import type { Route } from "../config/route.js";
import type { PublicHostKey } from "../trust/known-hosts.js";
import type { Credential } from "./credential.js";
import { keyWeakness } from "./key-weakness.js";
import { isLockedPkcs8, libraryForm } from "./library-form.js";
import { isCertificate, isFido, isPublic, publicHalf } from "./public-half.js";

/** A key that somebody named, and what can be done with it. */
export interface FoundKey {
  readonly label: string;
  readonly credential?: Credential;
  /** By which an agent that has the key is asked for it. */
  readonly publicKey?: PublicHostKey | undefined;
  readonly unusable?: string;
  /** What of it only OpenSSH can use. */
  readonly beyond: readonly string[];
}

/** Returns the key of a file; of one that is a public key, or that only has one beside it, what an agent is asked for. */
export function keyOfFile(route: Route, path: string, source: string): FoundKey {
  const label = `${source} ${path}`;
  const file = expandHome(path);
  const certificate = `${file}-cert.pub`;
  const beyond = existsSync(certificate) ? [`the certificate ${certificate}`] : [];
  const read = readText(file);
  const publicText = typeof read === "string" && isPublic(read) ? read : readText(`${file}.pub`);
  const beside = typeof publicText === "string" ? publicHalf(publicText) : undefined;
  if (typeof read !== "string") {
    if (beside === undefined) return { label, unusable: `cannot be read: ${read.code}`, beyond };
    return { label, publicKey: beside, unusable: onlyPublic, beyond: [...beyond, ...fidoKey(beside, file)] };
  }
  if (isPublic(read)) {
    return { label, publicKey: beside, unusable: onlyPublic, beyond };
  }
  const key = keyOfText(route, read, label);
  return { ...key, publicKey: key.publicKey ?? beside, beyond: [...beyond, ...fidoKey(key.publicKey, file)] };
}

const onlyPublic = "a public key, which no agent has the private one of";

function fidoKey(key: PublicHostKey | undefined, file: string): string[] {
  return key !== undefined && isFido(key.type) ? [`the FIDO key ${file}`] : [];
}

function readText(path: string): string | { readonly code: string } {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? "unknown error" };
  }
}

/** Returns the key of a text, which is a secret from then on. */
export function keyOfText(route: Route, text: string, label: string): FoundKey {
  const passphrase = route.connection.privateKeyPassword;
  if (!isPublic(text)) redactKey(text);
  if (passphrase !== undefined) redactLater(passphrase);
  const publicKey = publicHalf(text);
  const key = libraryForm(text, passphrase);
  if (key !== text) redactKey(key);
  const unusable = whyUnusable(key, passphrase, publicKey);
  if (unusable !== undefined) return { label, publicKey, unusable, beyond: [] };
  const method = {
    type: "publickey" as const,
    username: route.user,
    key,
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  return { label, publicKey, beyond: [], credential: { label, offeredAs: "publickey", method } };
}

function whyUnusable(
  text: string,
  passphrase: string | undefined,
  publicKey: PublicHostKey | undefined,
): string | undefined {
  if (publicKey !== undefined && isFido(publicKey.type)) return "a FIDO key, which only OpenSSH can use";
  if (publicKey !== undefined && isCertificate(publicKey.type)) return "a certificate and no key";
  const parsed = utils.parseKey(text, passphrase);
  if (!(parsed instanceof Error)) return [parsed].flat().map(keyWeakness)[0];
  if (!isLockedPkcs8(text) && !/passphrase|encrypted/i.test(parsed.message))
    return "is not a private key that can be read";
  return passphrase === undefined
    ? "is encrypted: set connection.privateKeyPassword or use an agent"
    : "is encrypted, and connection.privateKeyPassword does not open it";
}

/** Lines of a key are secrets each: an error may quote one of them. */
function redactKey(text: string): void {
  redactLater(text);
  for (const line of text.split(/\r?\n/)) {
    if (line.length >= 20 && !line.startsWith("-----")) redactLater(line);
  }
}
