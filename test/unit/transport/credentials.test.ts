import { describe, expect, it } from "vitest";
import { redact } from "../../../provider/model/errors.js";
import { resolveRoute } from "../../../provider/transport/config/ssh-alias.js";
import { loginAttempts } from "../../../provider/transport/login/login-attempts.js";
import { makeKeyPair } from "../../ssh-keys.js";

describe("what a machine is logged in with", () => {
  it("shows its password in no message from then on", async () => {
    const password = "a-password-of-this-test";
    expect(redact(`tried ${password}`)).toBe(`tried ${password}`);
    await loginAttempts(resolveRoute({ host: "gpu-01.lab", user: "root", password }));
    expect(redact(`tried ${password}`)).toBe("tried [secret]");
  });

  it("shows no line of its key, whole or alone", async () => {
    const { private: privateKey } = makeKeyPair();
    const lines = privateKey.split("\n").filter((line) => line.length >= 20 && !line.startsWith("-----"));
    expect(lines.length).toBeGreaterThan(1);
    await loginAttempts(resolveRoute({ host: "gpu-01.lab", user: "root", privateKey }));
    for (const line of lines) expect(redact(`debug: ${line}.`)).toBe("debug: [secret].");
    expect(redact(privateKey)).not.toContain(lines[0]);
  });
});
