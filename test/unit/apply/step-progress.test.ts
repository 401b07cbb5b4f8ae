import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stepProgress } from "../../../provider/apply/step-progress.js";

const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => vi.useRealTimers());

const progress = () => stepProgress((text) => said.push(text));
const install = ["step 5 of 8: install-driver", "step 5 of 8: install-driver (it is missing)"] as const;

describe("the progress of a step", () => {
  it("says that it begins, and each 15 s of silence for how long it runs", () => {
    progress().begin(...install);
    vi.advanceTimersByTime(31_000);
    expect(said).toEqual([install[1], `${install[0]}, 15 s`, `${install[0]}, 30 s`]);
  });

  it("says what there is of it under its name, and is silent for as long after it", () => {
    const shown = progress();
    shown.begin(...install);
    vi.advanceTimersByTime(10_000);
    shown.detail("uploaded 10 of 20 MiB in 10 s");
    vi.advanceTimersByTime(14_000);
    expect(said).toEqual([install[1], `${install[0]}: uploaded 10 of 20 MiB in 10 s`]);
    vi.advanceTimersByTime(1_000);
    expect(said.at(-1)).toBe(`${install[0]}, 25 s`);
  });

  it("counts each step for itself, and ends with the last", () => {
    const shown = progress();
    shown.begin(...install);
    vi.advanceTimersByTime(20_000);
    shown.begin("step 6 of 8: reboot-machine", "step 6 of 8: REBOOT");
    vi.advanceTimersByTime(15_000);
    shown.end();
    vi.advanceTimersByTime(60_000);
    expect(said.slice(2)).toEqual(["step 6 of 8: REBOOT", "step 6 of 8: reboot-machine, 15 s"]);
  });

  it("says what comes before any step as it is", () => {
    progress().detail("the package is damaged: it is brought anew");
    expect(said).toEqual(["the package is damaged: it is brought anew"]);
  });
});
