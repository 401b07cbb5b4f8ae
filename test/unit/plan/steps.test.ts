import { expect, it } from "vitest";
import { planLines, type Step } from "../../../provider/plan/steps.js";

const step = (kind: "claim-host" | "reboot-machine" | "enable-vfs", cause: string): Step =>
  ({
    kind,
    target: "gpu-01",
    cause,
    disruption: "none",
    ...(kind === "enable-vfs" && { gpu: "0000:41:00.0" }),
  }) as Step;

it("is told by its count and its reboots with each reason once, then a line a step", () => {
  const reboot = step("reboot-machine", "nouveau is loaded");
  expect(planLines([step("claim-host", "nobody manages the host yet"), reboot, reboot])).toEqual([
    "3 steps, 2 reboots (nouveau is loaded)",
    "  1 claim-host  nobody manages the host yet",
    "  2 REBOOT      nouveau is loaded",
    "  3 REBOOT      nouveau is loaded",
  ]);
});

it("is one line and its step where it has one, and counts in one column where it has many", () => {
  const enable = step("enable-vfs", "0 of 32 virtual functions are on");
  expect(planLines([step("claim-host", "new")])).toEqual(["1 step", "  1 claim-host  new"]);
  expect(planLines(Array.from({ length: 10 }, () => enable)).slice(9)).toEqual([
    "   9 enable-vfs 0000:41:00.0  0 of 32 virtual functions are on",
    "  10 enable-vfs 0000:41:00.0  0 of 32 virtual functions are on",
  ]);
});
