import { describe, expect, it } from "vitest";
import { isVgpuError } from "../../../provider/model/errors.js";
import { resolveRoute } from "../../../provider/transport/config/ssh-alias.js";
import { DialError } from "../../../provider/transport/link/dial-error.js";
import { loginEnded } from "../../../provider/transport/login/login-failures.js";

const ended = (words: string) =>
  loginEnded("admin@gpu-1:22", resolveRoute({ host: "gpu-1", user: "admin" }), words);

describe("a machine that hangs up in the middle of a login", () => {
  it.each([
    "System is booting up. Unprivileged users are not permitted to log in yet.",
    "System is going down. Unprivileged users are not permitted to log in anymore.",
  ])("is dialed again where that passes: %s", (words) => {
    const error = ended(`${words}\n`);
    expect(error).toBeInstanceOf(DialError);
    expect(error.message).toBe(`the connection was closed before the end of the SSH login: ${words}`);
  });

  it("is told as a refusal where it says another thing", () => {
    const error = ended("Keep out\n");
    expect(isVgpuError(error)).toBe(true);
    expect(error.message).toBe(
      [
        "VGPU_LOGIN admin@gpu-1:22: cannot log in as admin: the machine hangs up",
        "Saw: Keep out (SSH login)",
        "Expected: an account that may log in",
        "Next: look at what the machine logs of this login (journalctl -u ssh), and at the account (chage -l admin), or use another one",
      ].join("\n"),
    );
  });
});
