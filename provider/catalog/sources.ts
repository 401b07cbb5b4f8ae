import { once, readData } from "./data.js";

/** Where a fact of the catalog is from. */
export interface Source {
  /** What the rows' `sources` refer to, e.g. `"T2"`. */
  readonly code: string;
  readonly text: string;
}

const rows = once(() => readData<readonly Source[]>("sources.json"));

/** Returns every source that a row of the catalog names. */
export function sources(): readonly Source[] {
  return rows();
}

/** Returns the texts of the sources with these codes, e.g. for the evidence of a message. */
export function sourceTexts(codes: readonly string[]): readonly string[] {
  return codes.map((code) => rows().find((row) => row.code === code)?.text ?? code);
}
