import { describe, expect, it, vi } from "vitest";
import { counted, isEngineHeldUp } from "../../../provider/resources/engine-load.js";

function open() {
  let end = () => {};
  const answer = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { answer, end };
}

describe("isEngineHeldUp", () => {
  it("is so a second after the last call, while as much is changed as may be and nothing is checked", async () => {
    const clock = vi.spyOn(performance, "now");
    const at = (ms: number) => clock.mockReturnValue(ms);
    at(1e9);
    const [change, check] = [open(), open()];
    const changing = counted("operations", () => change.answer);
    at(1e9 + 999);
    expect(isEngineHeldUp(1)).toBe(false);
    at(1e9 + 1000);
    expect(isEngineHeldUp(1)).toBe(true);
    expect(isEngineHeldUp(2)).toBe(false);
    expect(isEngineHeldUp(null)).toBe(false);
    const checking = counted("checks", () => check.answer);
    at(1e9 + 5000);
    expect(isEngineHeldUp(1)).toBe(false);
    check.end();
    await checking;
    expect(isEngineHeldUp(1)).toBe(false);
    at(1e9 + 6000);
    expect(isEngineHeldUp(1)).toBe(true);
    change.end();
    await changing;
    at(1e9 + 9000);
    expect(isEngineHeldUp(1)).toBe(false);
    clock.mockRestore();
  });

  it("counts a call that fails as answered", async () => {
    await expect(counted("operations", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(isEngineHeldUp(1)).toBe(false);
  });
});
