/** The lines that an observing script printed, by tag; each line is its fields. */
export interface FactLines {
  /** The first field of the first line with this tag, `""` when there is none. */
  one(tag: string): string;
  /** The fields of every line with this tag, in order. */
  all(tag: string): readonly (readonly string[])[];
}

/** Links of devices, functions of GPUs and mdevs: address or UUID → link name → last part of the target. */
export type Links = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The fields of one record of our manifest. */
export type RecordFields = ReadonlyMap<string, string>;

/** Returns the number that a text is, `null` for anything that no count on a machine can be: `1e999`, `-1`, `NaN`, `0x10`. */
export function countOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
