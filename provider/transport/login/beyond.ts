const beyond = new WeakMap<object, readonly string[]>();

/** Notes with the failure of a dial what there is that only OpenSSH can do, e.g. `"the certificate /home/me/.ssh/id-cert.pub"`. */
export function markBeyond(error: Error, things: readonly string[]): void {
  beyond.set(error, things);
}

/** Returns what was noted. */
export function beyondOf(error: unknown): readonly string[] {
  return (error instanceof Error && beyond.get(error)) || [];
}
