import { redact } from "./errors.js";

/** Returns `"15 s"`, `"0.4 s"`. */
export function seconds(milliseconds: number): string {
  return `${milliseconds >= 10_000 ? Math.round(milliseconds / 1000) : Math.round(milliseconds / 100) / 10} s`;
}

/** Returns the last lines of a command's output on one line, for `Saw`. */
export function lastLines(output: string, count = 3): string {
  return redact(output)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-count)
    .join(" | ");
}
