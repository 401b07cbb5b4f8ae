import { createHmac, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  fingerprint,
  lookUpKnownKeys,
  type PublicHostKey,
  parsePublicHostKey,
} from "../../../provider/transport/trust/known-hosts.js";
import { makeKeyPair } from "../../ssh-keys.js";

const text = makeKeyPair().public;
const key = parsePublicHostKey(text) as PublicHostKey;
const look = (line: string, host: string, port = 22, isAlias = false) =>
  lookUpKnownKeys([line], { host, port, isAlias });

describe("lookUpKnownKeys", () => {
  it.each([
    ["a plain name", `gpu-01.lab ${text}`, "gpu-01.lab", 22],
    ["a name in another case", `gpu-01.lab ${text}`, "GPU-01.lab", 22],
    ["one of several names, with a comment", `other,gpu-01.lab,10.0.0.1 ${text} me@here`, "10.0.0.1", 22],
    ["a name with a port", `[gpu-01.lab]:2222 ${text}`, "gpu-01.lab", 2222],
    ["a wildcard", `*.lab ${text}`, "gpu-01.lab", 22],
    ["a question mark", `gpu-0?.lab ${text}`, "gpu-01.lab", 22],
  ])("finds %s", (_, line, host, port) => {
    expect(look(line, host, port).trusted).toEqual([key]);
  });

  it.each([
    ["another name", `gpu-02.lab ${text}`, "gpu-01.lab", 22],
    ["a negated name", `*.lab,!gpu-01.lab ${text}`, "gpu-01.lab", 22],
    ["a dot as any character", `gpu-01xlab ${text}`, "gpu-01.lab", 22],
    ["a comment", `# gpu-01.lab ${text}`, "gpu-01.lab", 22],
    ["a certificate authority", `@cert-authority gpu-01.lab ${text}`, "gpu-01.lab", 22],
    ["a broken key", "gpu-01.lab ssh-ed25519 AAAA", "gpu-01.lab", 22],
  ])("does not take %s for the machine", (_, line, host, port) => {
    expect(look(line, host, port)).toEqual({ trusted: [], revoked: [], portless: [] });
  });

  it("finds a hashed name", () => {
    const salt = randomBytes(20);
    const hash = createHmac("sha1", salt).update("[gpu-01.lab]:2222").digest("base64");
    const line = `|1|${salt.toString("base64")}|${hash} ${text}`;
    expect(look(line, "gpu-01.lab", 2222).trusted).toEqual([key]);
    expect(look(line, "gpu-01.lab", 22).trusted).toEqual([]);
  });

  it("keeps a revoked key apart", () => {
    expect(look(`@revoked * ${text}`, "gpu-01.lab")).toEqual({ trusted: [], revoked: [key], portless: [] });
  });

  it("keeps apart a key noted without the port", () => {
    expect(look(`gpu-01.lab ${text}`, "gpu-01.lab", 2222)).toEqual({
      trusted: [],
      revoked: [],
      portless: [key],
    });
  });
});

describe("a HostKeyAlias", () => {
  it.each([22, 2222])("is looked up without the port, as OpenSSH lists it: port %d", (port) => {
    expect(look(`gpu ${text}`, "gpu", port, true)).toEqual({ trusted: [key], revoked: [], portless: [] });
    expect(look(`@revoked gpu ${text}`, "gpu", port, true).revoked).toEqual([key]);
  });

  it("is known with the port, too", () => {
    expect(look(`[gpu]:2222 ${text}`, "gpu", 2222, true).trusted).toEqual([key]);
  });
});

describe("fingerprint", () => {
  it("is the one that ssh-keygen prints", () => {
    const known = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    expect(fingerprint(parsePublicHostKey(known) as PublicHostKey)).toBe(
      "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
    );
  });
});
