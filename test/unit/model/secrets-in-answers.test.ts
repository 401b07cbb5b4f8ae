import { describe, expect, it } from "vitest";
import { redact, redactLater } from "../../../provider/model/errors.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { namelessRefusals } from "../../../provider/plan/identity/same-machine.js";
import { commandTimeout, tooMuchOutput } from "../../../provider/transport/command/failures.js";
import { notAKey } from "../../../provider/transport/trust/host-key-failures.js";

/** Longer than any cut, of parts that are each unlike the rest of a message, with what a quoted text shows otherwise. */
const secret = `pa"ss\\w\u00f6rd${Array.from({ length: 30 }, (_, at) => `-zq${at}x`).join("")}`;
redactLater(secret);

const machineId = `${secret}x`;
const answers: readonly (readonly [string, () => string])[] = [
  ["an answer that has no end", () => caught(() => parseFactLines(`login: ${secret}`, "host", "gpu-01"))],
  [
    "a line that is too long",
    () => caught(() => parseFactLines(`${secret}${"x".repeat(200_000)}`, "host", "gpu-01")),
  ],
  ["more than can be taken in", () => tooMuchOutput("gpu-01", "look", 2 ** 20, secret).message],
  ["the last lines of a command", () => commandTimeout("gpu-01", "look", 1000, `said ${secret}`).message],
  ["no host key", () => notAKey("gpu-01", secret).message],
  ["a machine-id", () => namelessRefusals("gpu-01", { machineId } as never)[0]?.saw ?? "none"],
];

describe("a secret that a machine says", () => {
  it.each(answers)("is shown neither cut nor quoted: %s", (_title, message) => {
    expect(redact(message())).toContain("[secret]");
    expect(redact(message())).not.toMatch(/zq\d|pa\W*ss/);
  });

  it("is replaced where it is quoted, and where a shorter one begins it", () => {
    redactLater("hunter");
    redactLater("hunter2-and-more");
    expect(redact(`${JSON.stringify(secret)} hunter2-and-more hunter`)).toBe('"[secret]" [secret] [secret]');
  });
});

function caught(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}
