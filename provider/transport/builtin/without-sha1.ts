import type { Algorithms, Client } from "ssh2";

/** What keeps a connection's content whole, and how its keys are agreed: ssh2's own lists without what rests on SHA-1. */
export const withoutSha1: Algorithms = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group15-sha512",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group17-sha512",
    "diffie-hellman-group18-sha512",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
};

/** ssh2's mark of a server that takes RSA signatures with SHA-2 and does not say so. */
const takesSha2 = 1 << 4;

/**
 * Makes a client sign with an RSA key by SHA-2 only. ssh2 takes SHA-1 where the server names no algorithm, and has no
 * option for it; a server that takes nothing else refuses the key then.
 */
export function refuseSha1Signatures(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol: { _compatFlags: number } };
  protocol._compatFlags |= takesSha2;
}
