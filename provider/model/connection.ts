/**
 * How a machine is reached: the field names of `@pulumi/command`'s `remote.Connection`, so that one object serves both,
 * and a few of ours for keys that are referred to and not stored.
 */
export interface Connection {
  /** Host name, address, or an alias of `~/.ssh/config`. */
  readonly host: string;
  /** @default 22, or what `~/.ssh/config` says */
  readonly port?: number;
  /** @default "root", or what `~/.ssh/config` says. Any other user needs passwordless sudo or `sudoPassword`. */
  readonly user?: string;
  readonly password?: string;
  /** A private key, inline. Stored encrypted in every resource that uses it: prefer `privateKeyPath`. */
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  /** Path of a private key file on the machine that runs Pulumi; read at each run, never stored. */
  readonly privateKeyPath?: string;
  /** Name of an environment variable that holds a private key; read at each run, never stored. */
  readonly privateKeyEnv?: string;
  /** @default the environment's `SSH_AUTH_SOCK` */
  readonly agentSocketPath?: string;
  /** The public host key that is trusted, e.g. `"ssh-ed25519 AAAA…"`. @default what `~/.ssh/known_hosts` says */
  readonly hostKey?: string;
  /** Accept and store the key of a host that is not known yet, once, when the resource is created. @default false */
  readonly acceptNew?: boolean;
  /** For sudo, sent on standard input. */
  readonly sudoPassword?: string;
  /** A bastion; one connection to it serves all machines behind it. */
  readonly proxy?: Omit<Connection, "proxy" | "sudoPassword">;
  /** By what it is reached: the SSH library, or the user's own `ssh`. @default the library, `ssh` for what only that can do */
  readonly transport?: "builtin" | "openssh";
  /** Seconds for one dial. @default 15 */
  readonly perDialTimeout?: number;
  /** Accepted for `remote.Connection`'s sake and ignored: deadlines are used here, not counts. */
  readonly dialErrorLimit?: number;
}

/** Returns the identity of a connection's target for messages and tables, e.g. `"root@gpu-01.lab:22"`. */
export function connectionTarget(connection: Connection): string {
  return `${connection.user ?? "root"}@${connection.host}:${connection.port ?? 22}`;
}
