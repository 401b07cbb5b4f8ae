import type { Connection } from "../../model/connection.js";
import type { Route } from "../config/route.js";
import { resolveRoute } from "../config/ssh-alias.js";
import { type PublicHostKey, parsePublicHostKey } from "./known-hosts.js";

/** A host key that was accepted without having been known before. */
interface AcceptedKey {
  readonly key: PublicHostKey;
  /** `"stored"`: with a resource, by an earlier run. `"run"`: by this one. */
  readonly by: "stored" | "run";
}

const accepted = new Map<string, AcceptedKey>();

/**
 * Returns under which name and through which bastions a machine is reached, e.g. `"gpu-01.lab:22 via bastion.lab:22"`.
 * A key that was accepted holds for that: the same address behind another bastion is another machine.
 */
export function wayOf(route: Route): string {
  const here = `${route.keyName.toLowerCase()}:${route.port}`;
  return route.via === undefined ? here : `${here} via ${wayOf(route.via)}`;
}

/** Returns the key that was accepted for a machine over this way. */
export function acceptedKey(route: Route): AcceptedKey | undefined {
  return accepted.get(wayOf(route));
}

/** Accepts a key for the rest of this run. */
export function acceptKey(route: Route, key: PublicHostKey): void {
  if (!accepted.has(wayOf(route))) accepted.set(wayOf(route), { key, by: "run" });
}

/**
 * Takes up a key that an earlier run accepted: `"ssh-ed25519 AAAA… <way>"`. It counts for that way only; without one,
 * as version 0.1.0 stored it, for the connection's.
 */
export function rememberAccepted(connection: Connection, stored: string): void {
  const key = parsePublicHostKey(stored);
  if (key === undefined) return;
  const route = resolveRoute(connection);
  const way = stored.trim().split(/\s+/).slice(2).join(" ");
  if (way !== "" && way !== wayOf(route)) return;
  accepted.set(wayOf(route), { key, by: "stored" });
}

/** Forgets what this process accepted or took up. */
export function forgetAccepted(): void {
  accepted.clear();
}
