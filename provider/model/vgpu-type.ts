/** What a vGPU of the type may be used for; the letter at the end of its name. */
export type Series = "A" | "B" | "C" | "Q";

/** What the name of a vGPU type says. */
export interface VgpuTypeName {
  /** The GPU part as written, e.g. `"A40"`, `"RTX6000-Ada"`, `"DC"`. */
  readonly gpu: string;
  /** Reserved on the GPU. `0` in a name means 512 MiB. */
  readonly framebufferMiB: number;
  readonly series: Series;
  /** Slices of the GPU instance behind a MIG-backed type, 1 to 7; `null` for a time-sliced type. */
  readonly migSlices: number | null;
  /** What follows the series: `"4"` on some B types, media-engine marks of MIG-backed types, or nothing. */
  readonly suffix: string;
}

const gpuPart = "[A-Z0-9]+(?:-[A-Z][A-Z0-9]*)*";
const sizePart = "0|[1-9][0-9]{0,2}";
/** What hosts write before a short name: the brand, on some boards with the board's own words, e.g. `NVIDIA RTX Pro 6000 Blackwell`. */
const brand = /^(?:NVIDIA|GRID) (?:RTX (?:PRO )?[A-Z]?[0-9]{4} (?:[A-Z]+ )?)?/i;
const timeSliced = new RegExp(`^(${gpuPart})-(${sizePart})(?:([ACQ])|(B)(4?))$`, "i");
const migBacked = new RegExp(`^(${gpuPart})-([1-7])-([1-9][0-9]{0,2})([ABCQ])(ME|NOME|MEALL)?$`, "i");

/** Returns the part of a type's name that identifies it: the last word, e.g. `"DC-4Q"` of `"NVIDIA RTX Pro 6000 Blackwell DC-4Q"`. */
export function shortTypeName(name: string): string {
  return name.trim().split(/\s+/).at(-1) ?? "";
}

function seriesOf(letter: string | undefined): Series {
  return (letter ?? "").toUpperCase() as Series;
}

/**
 * Returns what a full or short type name says, `null` if no vGPU type can have that name. Case does not matter, all else
 * does: words that are no brand before a short name, or blanks inside it, make it another text.
 * Forms: `A40-8Q`, `T4-2B4`, `RTX6000-Ada-6C`, MIG-backed `A100-1-5C`, `H100-1-10CME`.
 * Source: NVIDIA/vgpu-device-manager pkg/types/vgpu_type.go; its `GFX` mark is an alias of configuration files and no type's name.
 */
export function parseVgpuTypeName(name: string): VgpuTypeName | null {
  const short = name.replace(brand, "");
  const mig = migBacked.exec(short);
  if (mig !== null) {
    const [, gpu = "", slices, gigabytes, letter, suffix = ""] = mig;
    return {
      gpu,
      framebufferMiB: Number(gigabytes) * 1024,
      series: seriesOf(letter),
      migSlices: Number(slices),
      suffix: suffix.toUpperCase(),
    };
  }
  const match = timeSliced.exec(short);
  if (match === null) return null;
  const [, gpu = "", gigabytes, letter, letterB, suffix = ""] = match;
  const framebufferMiB = gigabytes === "0" ? 512 : Number(gigabytes) * 1024;
  return { gpu, framebufferMiB, series: seriesOf(letter ?? letterB), migSlices: null, suffix };
}
