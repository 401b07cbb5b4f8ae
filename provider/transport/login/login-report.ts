/** How it is told of an agent that has a key and will not use it now: it is locked, or nobody confirms. */
export const doesNotSign = "does not sign with it";

/** What became of a login. */
export interface LoginReport {
  /** What was tried, e.g. `"connection.privateKey"`. */
  readonly tried: readonly string[];
  /** What could not be and why, e.g. `"connection.privateKeyPath ~/.ssh/id (cannot be read: ENOENT)"`. */
  readonly unusable: readonly string[];
  /** The methods that the machine takes, after what it has accepted. */
  readonly offered: readonly string[];
  /** What the machine accepted as one factor of several. */
  readonly accepted: readonly string[];
  /** What it asked for besides, in its own words. */
  readonly prompts: readonly string[];
  /** What is there to log in with and only OpenSSH can use, e.g. `"the certificate /home/me/.ssh/id-cert.pub"`. */
  readonly beyond: readonly string[];
}
