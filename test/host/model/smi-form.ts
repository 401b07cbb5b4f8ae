import type { ToolResult } from "../types.js";

/** Column at which nvidia-smi puts the colon. */
const column = 42;

/** Returns one line of nvidia-smi's report: depth in steps of four, the value behind a colon. */
export function smiLine(depth: number, key: string, value?: string | number): string {
  const head = `${" ".repeat(depth * 4)}${key}`;
  return value === undefined ? head : `${head.padEnd(column)}: ${value}`;
}

/** A bus address as nvidia-smi prints it: 8-digit domain, upper case. */
export function smiAddress(address: string): string {
  return `0000${address}`.toUpperCase();
}

/** The time as nvidia-smi prints it, e.g. `"Wed Nov 23 10:52:59 2022"`. */
export function smiTime(now: Date): string {
  const [weekday, day, month, year, time] = now.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${String(Number(day)).padStart(2, " ")} ${time} ${year}`;
}

/** A GPU's or vGPU's UUID: always the same for the same seed. */
export function smiUuid(seed: string): string {
  let state = 0x811c9dc5;
  const digits: string[] = [];
  for (let index = 0; digits.length < 32; index++) {
    state = Math.imul(state ^ seed.charCodeAt(index % seed.length) ^ index, 0x01000193) >>> 0;
    digits.push(((state >>> 12) & 15).toString(16));
  }
  const text = digits.join("");
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20, 32),
  ].join("-");
}

/** What nvidia-smi says, and ends with 9, when there is no driver. Fact: the wording that tools look for. */
export const noDriver = {
  code: 9,
  stdout:
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Is it installed and loaded?\n",
};

/** What nvidia-smi says, and ends with 6, when the driver has no GPU. */
export const noDevices = { code: 6, stdout: "No devices were found\n" };

/** Returns the text in a frame of the given width. */
export function framed(text: string, width: number): string {
  return `| ${text.slice(0, width).padEnd(width)} |`;
}

/** Answers `--query-gpu=LIST --format=csv[,noheader]` from one row of values per GPU. */
export function csvAnswer(
  words: readonly string[],
  list: string,
  rows: readonly Record<string, string>[],
): ToolResult {
  const format = words.find((word) => word.startsWith("--format="));
  if (format === undefined) return { code: 2, stdout: "--format= is missing: --query-gpu needs it\n" };
  const fields = list.split(",").map((field) => field.trim());
  const unknown = fields.find((field) => rows.some((row) => row[field] === undefined));
  if (unknown !== undefined)
    return { code: 2, stdout: `Field "${unknown}" is not a valid field to query.\n` };
  const header = format.includes("noheader") ? [] : [fields.join(", ")];
  const lines = rows.map((row) => fields.map((field) => row[field]).join(", "));
  return { code: 0, stdout: `${[...header, ...lines].join("\n")}\n` };
}
