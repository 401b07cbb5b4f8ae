import { spawnSync } from "node:child_process";

let taken: ReadonlyMap<string, boolean> | undefined;

/** Options that not every version has which is in use: OpenSSH refuses the whole command line for one that it does not know. */
const candidates = [
  "KnownHostsCommand=none",
  "RequiredRSASize=2048",
  "UpdateHostKeys=no",
  "ForkAfterAuthentication=no",
];
const noSha1 = "-ssh-rsa,ssh-rsa-cert-v01@openssh.com,ssh-dss,ssh-dss-cert-v01@openssh.com";
const userKeys = [`PubkeyAcceptedAlgorithms=${noSha1}`, `PubkeyAcceptedKeyTypes=${noSha1}`];

/**
 * Returns those of our options that the user's `ssh` knows, asked once in this process. `IgnoreUnknown` would do as well, were it
 * not that the user's own configuration may have one, which would not count then.
 */
export function newerOptions(): string[] {
  taken ??= new Map([...candidates, ...userKeys].map((option) => [option, isKnown(option)]));
  const known = (option: string) => taken?.get(option) === true;
  return [...candidates.filter(known), ...userKeys.filter(known).slice(0, 1)];
}

/** Forgets what was asked. */
export function forgetNewerOptions(): void {
  taken = undefined;
}

function isKnown(option: string): boolean {
  const words = ["-F", "/dev/null", "-o", option, "-G", "--", "pulumi-vgpu"];
  return spawnSync("ssh", words, { stdio: "ignore", timeout: 5_000 }).status === 0;
}
