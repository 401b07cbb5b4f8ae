import { describe, expect, it } from "vitest";
import { labPart, runStages, type StageResult, summary } from "./stages.js";

const row = (name: string, result: StageResult) => ({ stage: { name }, result, seconds: 1.25 });

describe("the summary of npm test", () => {
  it("lists seconds by stage and ends with the tests that passed and failed", () => {
    const text = summary([
      row("types", { code: 0 }),
      row("unit", { code: 0, tests: { passed: 10, failed: 0, skipped: 2 } }),
      row("host", { code: 1, tests: { passed: 3, failed: 2, skipped: 0 } }),
    ]);
    expect(text.split("\n")).toEqual([
      "types  ok         1.3 s",
      "unit   ok         1.3 s  10 passed, 0 failed, 2 skipped",
      "host   FAILED     1.3 s  3 passed, 2 failed",
      "                  3.8 s",
      "",
      "13 passed, 2 failed",
    ]);
  });

  it("counts a failed stage without tests as one failure", () => {
    expect(summary([row("types", { code: 2 })])).toMatch(/\n0 passed, 1 failed$/);
  });

  it("runs what comes after a stage that failed or threw, and fails as a whole", async () => {
    const ran: string[] = [];
    const stage = (name: string, run: () => Promise<StageResult>) => ({
      name,
      run: () => {
        ran.push(name);
        return run();
      },
    });
    const code = await runStages([
      stage("throws", () => Promise.reject(new Error("no tool"))),
      stage("fails", () => Promise.resolve({ code: 3 })),
      stage("passes", () => Promise.resolve({ code: 0 })),
    ]);
    expect(ran).toEqual(["throws", "fails", "passes"]);
    expect(code).toBe(1);
  });

  it("runs nothing after Ctrl-C, and fails", async () => {
    let later = false;
    const interrupted = {
      name: "interrupted",
      run: () => Promise.resolve({ code: process.emit("SIGINT") ? 0 : 2 }),
    };
    const next = {
      name: "next",
      run: () => {
        later = true;
        return Promise.resolve({ code: 0 });
      },
    };
    expect(await runStages([interrupted, next])).toBe(1);
    expect(later).toBe(false);
  });
});

describe("the lab's part of npm test", () => {
  it("passes with a word where the lab is not set up", async () => {
    expect(await labPart("not set up", {})).toEqual({ code: 0 });
  });

  it("fails there in continuous integration", async () => {
    expect(await labPart("not set up", { CI: "true" })).toEqual({ code: 1 });
  });
});
