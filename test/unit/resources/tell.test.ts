import { afterEach, expect, it, vi } from "vitest";
import { tell, tellWaits } from "../../../provider/resources/tell.js";

afterEach(() => {
  vi.restoreAllMocks();
});

it("says at most every 15 s that a machine is waited for, and what was met last", () => {
  const said: unknown[] = [];
  vi.spyOn(console, "log").mockImplementation((line) => {
    said.push(line);
  });
  const waits = tellWaits("desk-1");
  for (const elapsedMs of [3_000, 14_000, 16_000, 30_000, 32_000])
    waits(elapsedMs, `connect ECONNREFUSED (${elapsedMs})`);
  expect(said).toEqual([
    "desk-1: waits for its machine to answer, for 16 s now: connect ECONNREFUSED (16000)",
    "desk-1: waits for its machine to answer, for 32 s now: connect ECONNREFUSED (32000)",
  ]);
});

it("says one line in which nothing of a machine acts on the terminal, bounded", () => {
  const said: unknown[] = [];
  vi.spyOn(console, "log").mockImplementation((line) => {
    said.push(line);
  });
  tell("gpu-01", "install-driver runs for 15 s: \x1b[1A\x1b[2K\rdone\n\u202etxt");
  tell("gpu-01", "x".repeat(100_000));
  expect(said[0]).toBe("gpu-01: install-driver runs for 15 s: \\x1b[1A\\x1b[2K\\x0ddone\\n\\u202etxt");
  expect(String(said[1])).toMatch(/^gpu-01: x+ \[…96000 characters left out…\] x+$/);
});
