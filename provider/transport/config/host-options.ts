/** What `~/.ssh/config` and its like say of one machine; names of options in lower case. */
export interface HostOptions {
  /** Returns the first value of an option. */
  one(name: string): string | undefined;
  /** Returns every value of an option that may stand several times. */
  all(name: string): readonly string[];
  /** Whether OpenSSH itself answered: tokens, Match, Include and the system's file are resolved then. */
  readonly byOpenSsh: boolean;
  /** What stands there and was not followed, e.g. `"Match exec"`. */
  readonly notFollowed: readonly string[];
}

/** A machine as a program names it. */
export interface NamedHost {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
}
