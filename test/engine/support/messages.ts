import { expect } from "vitest";
import type { StackRun } from "./stack.js";

/** Returns the part of a run's output in which the engine says, by resource, what went wrong. */
export function diagnosticsOf(run: StackRun): string {
  const from = run.output.lastIndexOf("\nDiagnostics:\n");
  if (from === -1) return "";
  const to = run.output.slice(from).search(/\n(Outputs|Resources|Policies|Duration):/);
  return run.output.slice(from, to === -1 ? undefined : from + to);
}

/** Returns what the engine says of each resource at a run's end, by its type and name. */
export function toldOf(run: StackRun): Record<string, string[]> {
  const told: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of diagnosticsOf(run).split("\n")) {
    const row = /^ {2}(\S+) \((.+)\):$/.exec(line);
    if (row !== null) told[`${row[1]} ${row[2]}`] = lines = [];
    else if (line.trim() !== "" && line !== "Diagnostics:") lines.push(line.slice(4));
  }
  return told;
}

/** What a message is expected to be. */
export interface ExpectedMessage {
  readonly code: string;
  /** Texts that it holds: what, where, evidence, next step. */
  readonly says: readonly (string | RegExp)[];
}

/** Checks that a run was refused by one message, told once, whole, and without a stack trace. */
export function expectOneMessage(run: StackRun, { code, says }: ExpectedMessage): void {
  const told = diagnosticsOf(run);
  expect(run.code, run.output).not.toBe(0);
  expect(codesIn(told), run.output).toEqual([code]);
  for (const part of ["Saw:", "Expected:", "Next:"]) {
    expect(told.split(part).length - 1, `${part} in ${told}`).toBe(1);
  }
  for (const text of says) expect(oneLine(told)).toMatch(typeof text === "string" ? literally(text) : text);
  expectNoStackTrace(run);
}

/** Returns the code of each message in a text: what a message begins with, and "where: what" follows. */
export function codesIn(text: string): readonly string[] {
  return text.match(/\bVGPU_[A-Z_]+(?= [^\n]*: )/g) ?? [];
}

/** Checks that nothing a run printed looks like a stack trace. */
export function expectNoStackTrace(run: StackRun): void {
  expect(run.output).not.toMatch(/^\s+at .+[:(]/m);
  expect(run.output).not.toMatch(/node:internal|UnhandledPromise/);
}

/** Returns a text on one line: the engine indents what it shows. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}
