import ssh2 from "ssh2";

export interface KeyPair {
  /** OpenSSH private key. */
  readonly private: string;
  /** "ssh-ed25519 AAAA..." */
  readonly public: string;
}

/** A new ed25519 key. ssh2 1.17 now and then writes a private key it cannot read itself: then another is made. */
export function makeKeyPair(): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (ssh2.utils.parseKey(pair.private) instanceof Error) continue;
    return { private: pair.private, public: pair.public.trim().split(" ").slice(0, 2).join(" ") };
  }
}
