/** A sriov-manage that runs. */
export interface VfsTurn {
  /** `"-e"`: turns virtual functions on; `"-d"`: off. */
  readonly option: "-e" | "-d";
  /** Since when, seconds; `null` where nobody knows. */
  readonly seconds: number | null;
}
