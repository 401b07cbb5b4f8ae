import { afterEach, expect, it, vi } from "vitest";
import { tell } from "../../../provider/resources/tell.js";

afterEach(() => {
  vi.restoreAllMocks();
});

it("says one line in which nothing of a machine acts on the terminal, bounded", () => {
  const said: unknown[] = [];
  vi.spyOn(console, "log").mockImplementation((line) => {
    said.push(line);
  });
  tell("gpu-01", "install-driver runs for 15 s: \x1b[1A\x1b[2K\rdone\n\u202etxt");
  tell("gpu-01", "x".repeat(100_000));
  expect(said[0]).toBe("gpu-01: install-driver runs for 15 s: \\x1b[1A\\x1b[2K\\x0ddone\\n\\u202etxt");
  expect(String(said[1])).toMatch(/^gpu-01: x+ \[…96008 characters left out…\] x+$/);
});
