/** One measurement. */
export interface Row {
  readonly what: string;
  readonly seconds: number;
  /** What it is compared with, and that one's time; none: it is an anchor for others. */
  readonly against?: { readonly what: string; readonly seconds: number };
  /** Of all machines of the measurement together. */
  readonly connections?: number;
  readonly roundTrips?: number;
  /** The most that the provider's process had in memory, MiB. */
  readonly peakMiB?: number;
}

/** Returns the measurements as a table; its first column is the widest. */
export function tables(rows: readonly Row[]): string {
  const head = [
    "measured",
    "time",
    "against",
    "time",
    "ratio",
    "connections",
    "round trips",
    "provider peak",
  ];
  const cells = rows.map((row) => [
    row.what,
    time(row.seconds),
    row.against?.what ?? "",
    row.against === undefined ? "" : time(row.against.seconds),
    row.against === undefined ? "" : (row.seconds / row.against.seconds).toFixed(2),
    row.connections === undefined ? "" : String(row.connections),
    row.roundTrips === undefined ? "" : String(row.roundTrips),
    row.peakMiB === undefined ? "" : `${row.peakMiB} MiB`,
  ]);
  const all = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...all.map((line) => (line[column] ?? "").length)));
  const text = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [text(head), rule, ...cells.map(text)].join("\n");
}

function time(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

/** Returns the middle one of several measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
