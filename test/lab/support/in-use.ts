import { expect } from "vitest";
import { expectNoStackTrace } from "../../engine/support/messages.js";
import type { StackRun } from "../../engine/support/stack.js";

/** A run was refused because this domain has a vGPU that would have to go. */
export function expectInUse(run: StackRun, domain: string): void {
  expect(run.code, run.output).not.toBe(0);
  expect(run.output).toContain("VGPU_IN_USE");
  expect(run.output).toContain(domain);
  expectNoStackTrace(run);
}
