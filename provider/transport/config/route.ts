import type { Connection } from "../../model/connection.js";

/** A connection with every alias of `~/.ssh/config` resolved: what is dialed, and through which bastions. */
export interface Route {
  readonly connection: Connection;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name under which known_hosts lists the machine. */
  readonly keyName: string;
  /** Whether that is a `HostKeyAlias`: OpenSSH lists it without the port. */
  readonly isKeyAlias: boolean;
  readonly identityFiles: readonly string[];
  /** Whether `IdentityFile none` stands there: no default key is tried either. */
  readonly noIdentityFile: boolean;
  readonly identitiesOnly: boolean;
  readonly agentSocketPath: string | undefined;
  readonly knownHostsFiles: readonly string[];
  /** Seconds for one dial that `ConnectTimeout` of `~/.ssh/config` says. */
  readonly connectTimeout: number | undefined;
  /** A file of keys that are never trusted. */
  readonly revokedHostKeys: string | undefined;
  /** The program whose input and output are the way to the machine, tokens resolved. */
  readonly proxyCommand: string | undefined;
  /** What the configuration asks for and only OpenSSH can do, e.g. `"PKCS11Provider of ~/.ssh/config"`. */
  readonly needs: readonly string[];
  /** What stands there and is followed by nobody here. */
  readonly notFollowed: readonly string[];
  /** What stands there to vouch for host keys and is not asked here, e.g. `"KnownHostsCommand of ~/.ssh/config"`. */
  readonly keysNotAsked: readonly string[];
  /** Whether the configuration lets a Kerberos ticket log in. */
  readonly gssapi: boolean;
  /** Whether there is an `ssh` on PATH. */
  readonly openSshHere: boolean;
  /** The bastion, itself perhaps behind another. */
  readonly via: Route | undefined;
}

/** Returns the seconds that somebody set for one dial. */
export function dialSeconds({ connection, connectTimeout }: Route): number | undefined {
  return connection.perDialTimeout ?? connectTimeout;
}
