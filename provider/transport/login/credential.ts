import type { AnyAuthMethod } from "ssh2";

/** One way to log in. */
export interface Credential {
  /** Where it comes from, for messages; never holds a secret. Empty for what is nobody's. */
  readonly label: string;
  /** SSH's name of the method, as a server lists it. */
  readonly offeredAs: "publickey" | "password" | "keyboard-interactive";
  readonly method: AnyAuthMethod;
  /** Only after the machine has accepted another one. */
  readonly asSecond?: boolean;
  /** Returns why the agent that has the key did not sign with it, where it was asked to. */
  readonly unsigned?: () => string | undefined;
}
