import type { HostOptions, NamedHost } from "./host-options.js";
import { readByLibrary } from "./library-config.js";
import { askOpenSsh } from "./openssh-config.js";

const asked = new Map<string, HostOptions>();

/**
 * Returns what the user's SSH configuration says of a machine: by OpenSSH where an `ssh` is on PATH, by the library where
 * none is. Asked once per machine, user and port in this process.
 * @throws VGPU_INPUT when OpenSSH cannot read it
 */
export function hostOptions(named: NamedHost): HostOptions {
  const key = JSON.stringify([named.host, named.user ?? null, named.port ?? null]);
  let options = asked.get(key);
  if (options === undefined) {
    options = askOpenSsh(named) ?? readByLibrary(named);
    asked.set(key, options);
  }
  return options;
}

/** Forgets what was asked. */
export function forgetOptions(): void {
  asked.clear();
}
