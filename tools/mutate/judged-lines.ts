/** Lines that may be left out without any test's noticing, by script and text, and why that is no hole. */
export const judgedLines: Readonly<Record<string, Readonly<Record<string, string>>>> = {};

/** Returns why a line need not be missed by a test, `undefined` for one that must. */
export function judgementOf(script: string, line: string): string | undefined {
  return judgedLines[script]?.[line];
}
