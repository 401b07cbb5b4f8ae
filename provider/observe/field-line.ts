/** A line of a tool's listing: `"    FB Memory         : 8192 MiB"` is `["FB Memory", "8192 MiB"]`. */
export type FieldLine = readonly [key: string, value: string];

/** Returns the name and the value of a line `name : value`, `null` when it is none; in time by its length, whatever it holds. */
export function parseFieldLine(line: string): FieldLine | null {
  const colon = line.indexOf(":");
  const key = line.slice(0, Math.max(colon, 0)).trim();
  const value = line.slice(colon + 1).trim();
  return key === "" || value === "" || !/^[A-Za-z ]+$/.test(key) ? null : [key, value];
}
