import type { VgpuError } from "../../model/errors.js";
import type { Route } from "../config/route.js";
import { acceptedKey, acceptKey } from "./accepted-keys.js";
import { notAKey, otherKey, revokedKey, unknownKey, weakKey } from "./host-key-failures.js";
import type { KnownKeys, PublicHostKey } from "./known-hosts.js";
import {
  leastRsaBits,
  lookUpKnownKeys,
  namesAuthority,
  parsePublicHostKey,
  rsaBits,
  sameKey,
} from "./known-hosts.js";
import { knownHostsTexts, revokedHostKeys } from "./revoked-keys.js";

/** How one machine's host key is judged. */
export interface HostKeyTrust {
  /** Algorithms to ask the machine for, those of known keys first. */
  readonly algorithms: readonly string[];
  /** Those that are trusted already. */
  readonly keys: readonly PublicHostKey[];
  /** Returns the refusal, `undefined` when the key is trusted. */
  judge(shown: PublicHostKey): VgpuError | undefined;
}

/** In the order of preference when nothing is known. None signs with SHA-1. */
const allAlgorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * Returns how to judge the host key of a route: the pinned key, else the one that was accepted over this way, else
 * known_hosts, else (`acceptNew`) any key of a machine of which none is known: that one is accepted for the rest of the
 * run. A revoked or a weak key is refused in each case.
 * @throws VGPU_INPUT when the pinned key is not a public key, VGPU_HOST_KEY when nobody can say which are revoked
 */
export function hostKeyTrust(route: Route, target: string, acceptNew: boolean): HostKeyTrust {
  const named = namedTrust(route, target);
  const lists = keyLists(route, target);
  const { known } = lists;
  const list = route.knownHostsFiles[0] ?? "known_hosts";
  const judgeByLists = (shown: PublicHostKey) => {
    if (known.trusted.some((key) => sameKey(key, shown))) return undefined;
    if (known.trusted.length > 0) return otherKey(target, shown, { keys: known.trusted, source: list });
    if (known.portless.some((key) => sameKey(key, shown))) return undefined;
    if (!acceptNew) return unknownKey(route, target, { shown, notAsked: lists.notAsked });
    acceptKey(route, shown);
    return undefined;
  };
  const listed = known.trusted.length > 0 ? known.trusted : known.portless;
  return {
    algorithms: algorithmsFor(named?.keys ?? [...known.trusted, ...known.portless]),
    keys: named?.keys ?? listed,
    judge(shown) {
      const bits = rsaBits(shown);
      if (bits !== undefined && bits < leastRsaBits) return weakKey(target, shown, bits);
      const source = revokedBy(lists, shown);
      if (source !== undefined) return revokedKey(target, shown, source);
      // Asked for anew: another connection may have accepted a key since this dial began.
      const now = namedTrust(route, target);
      return now === undefined ? judgeByLists(shown) : now.judge(shown);
    },
  };
}

/**
 * Judges a key that was verified before, for another connection to the same machine: against what this one knows as revoked,
 * what it pins, or what was accepted over this way.
 */
export function judgeAgain(route: Route, target: string, shown: PublicHostKey): VgpuError | undefined {
  const source = revokedBy(keyLists(route, target), shown);
  return source === undefined ? namedTrust(route, target)?.judge(shown) : revokedKey(target, shown, source);
}

/** What is written here of the machine's keys, and of those that nobody may trust. */
interface KeyLists {
  readonly known: KnownKeys;
  readonly revoked: readonly PublicHostKey[];
  readonly revokedFile: string | undefined;
  /** What else vouches for keys and is not followed. */
  readonly notAsked: readonly string[];
}

function keyLists(route: Route, target: string): KeyLists {
  const revoked = revokedHostKeys(route, target);
  const { keyName: host, port, isKeyAlias: isAlias } = route;
  const texts = knownHostsTexts(route, target);
  const known = lookUpKnownKeys(texts, { host, port, isAlias });
  const authority = namesAuthority(texts, { host, port }) ? ["@cert-authority in known_hosts"] : [];
  return {
    known,
    revoked,
    revokedFile: route.revokedHostKeys,
    notAsked: [...authority, ...route.keysNotAsked],
  };
}

/** Returns where a key is written down as revoked. */
function revokedBy({ known, revoked, revokedFile }: KeyLists, shown: PublicHostKey): string | undefined {
  if (known.revoked.some((key) => sameKey(key, shown))) return "@revoked in known_hosts";
  return revoked.some((key) => sameKey(key, shown)) ? `RevokedHostKeys ${revokedFile}` : undefined;
}

interface NamedTrust {
  readonly keys: readonly PublicHostKey[];
  judge(shown: PublicHostKey): VgpuError | undefined;
}

/** What names one key for the machine, whatever the lists say. */
function namedTrust(route: Route, target: string): NamedTrust | undefined {
  const text = route.connection.hostKey;
  const accepted = acceptedKey(route);
  const trusted = text === undefined ? accepted?.key : parsePublicHostKey(text);
  if (trusted === undefined) {
    if (text === undefined) return undefined;
    throw notAKey(target, text);
  }
  const keys = [trusted];
  const toReplace = "set connection.hostKey to it";
  const known =
    text === undefined
      ? { keys, source: acceptedSource[accepted?.by ?? "run"], toReplace }
      : { keys, source: "connection.hostKey" };
  return {
    keys,
    judge: (shown) => (sameKey(trusted, shown) ? undefined : otherKey(target, shown, known)),
  };
}

const acceptedSource = {
  stored: "accepted when the resource was created, and stored with it",
  run: "accepted earlier in this run",
};

/** Asks first for what is known: a server picks the first that it has, and shows only that key. */
function algorithmsFor(known: readonly PublicHostKey[]): readonly string[] {
  const first = known.flatMap(({ type }) => (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]));
  return [...new Set([...first.filter((name) => allAlgorithms.includes(name)), ...allAlgorithms])];
}
