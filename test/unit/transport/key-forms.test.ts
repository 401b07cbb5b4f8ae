import { generateKeyPairSync, type KeyObject } from "node:crypto";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { redact } from "../../../provider/model/errors.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

const kinds: Readonly<Record<string, () => { privateKey: KeyObject; publicKey: KeyObject }>> = {
  ed25519: () => generateKeyPairSync("ed25519"),
  rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "ecdsa of 256 bits": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "ecdsa of 384 bits": () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "ecdsa of 521 bits": () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
};
/** `"ssh-ed25519 AAAA…"`, not by way of the code under test. */
const publicText = ({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): string => {
  if (publicKey.asymmetricKeyType === "ed25519") {
    const x = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const wire = Buffer.concat([Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20", "latin1"), x]);
    return `ssh-ed25519 ${wire.toString("base64")}`;
  }
  const type = publicKey.asymmetricKeyType === "rsa" ? ("pkcs1" as const) : ("sec1" as const);
  const parsed = ssh2.utils.parseKey(String(privateKey.export({ type: type as "pkcs1", format: "pem" })));
  if (parsed instanceof Error) throw parsed;
  const [key] = [parsed].flat();
  return `${key?.type} ${key?.getPublicSSH().toString("base64")}`;
};
const pkcs8 = (key: KeyObject, passphrase?: string) =>
  String(
    key.export({
      type: "pkcs8",
      format: "pem",
      ...(passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }),
    }),
  );

describe("a private key as PKCS#8", () => {
  let machine: SshFixture;
  const answer = (more: object) =>
    sessionFor(machine.connection(more))
      .exec({ script: { name: "try-thing", text: "echo hello" } })
      .then(
        ({ stdout }) => stdout,
        (error: Error) => error.message,
      );
  const authorize = (text: string) => {
    (machine as { userKey: object }).userKey = { private: "", public: text };
  };

  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });

  it.each(Object.keys(kinds))("logs in, open or locked: %s", async (kind) => {
    const pair = (kinds[kind] as () => { privateKey: KeyObject; publicKey: KeyObject })();
    authorize(publicText(pair));
    const open = pkcs8(pair.privateKey);
    expect(await answer({ privateKey: open })).toBe("hello\n");
    await closeAllSessions();
    const privateKey = pkcs8(pair.privateKey, "open sesame");
    expect(await answer({ privateKey, privateKeyPassword: "open sesame" })).toBe("hello\n");
    for (const line of open.split("\n").filter((text) => text.length >= 20 && !text.startsWith("-")))
      expect(redact(`key ${line}`)).not.toContain(line);
  });

  it("that is locked is named as that, and a passphrase that does not open it", async () => {
    const pair = generateKeyPairSync("ed25519");
    authorize(publicText(pair));
    const privateKey = pkcs8(pair.privateKey, "open sesame");
    expect(await answer({ privateKey })).toContain(
      "connection.privateKey (is encrypted: set connection.privateKeyPassword or use an agent)",
    );
    await closeAllSessions();
    const text = await answer({ privateKey, privateKeyPassword: "open barley" });
    expect(text).toContain(
      "connection.privateKey (is encrypted, and connection.privateKeyPassword does not open it)",
    );
    expect(text).not.toContain("barley");
  });
});
