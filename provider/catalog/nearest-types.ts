import { parseVgpuTypeName } from "../model/vgpu-type.js";
import { editDistance, nearestTexts } from "./nearest.js";
import { familyOfType, vgpuTypes } from "./types.js";

/** No name of a type has more words, and a longer text would only cost time. */
const mostWords = 4;
const mostSigns = 64;
/** A name that differs in more signs is another one, unless it is of the same board. */
const mostDistance = 2;

/**
 * Returns the `count` types that are most like `name`: those of `names`, the types of the board that is meant; where it is
 * not known, those of the catalog that begin as a part of the text does, or that are all but the text. For an mdev type such
 * as `nvidia-558`, the types with that number. Empty where nothing says which board is meant.
 */
export function nearestTypes(
  name: string,
  { names, count = 3 }: { readonly names?: readonly string[]; readonly count?: number } = {},
): readonly string[] {
  const candidates = names ?? vgpuTypes().map((type) => type.shortName);
  const numbered = typesOfNumber(name, new Set(candidates));
  if (numbered.length > 0) return numbered.slice(0, count);
  const family = familyIn(name, candidates);
  const likely = family === null ? candidates : candidates.filter((one) => familyOfType(one) === family);
  const text = likeliestEnd(name, likely);
  const nearest = nearestTexts(text, inOrder(likely, sizeIn(name, family)), count);
  if (names !== undefined || family !== null) return nearest;
  return nearest.filter((one) => distance(text, one) <= mostDistance);
}

function typesOfNumber(name: string, candidates: ReadonlySet<string>): string[] {
  const id = /^nvidia-(\d+)$/i.exec(name.trim())?.[1];
  return vgpuTypes()
    .filter(({ vgpuTypeId, shortName }) => String(vgpuTypeId) === id && candidates.has(shortName))
    .map(({ shortName }) => shortName);
}

/** Returns the longest GPU part of the candidates that stands in the text by itself; `null` if none does. */
function familyIn(name: string, candidates: readonly string[]): string | null {
  const text = ` ${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, " ")} `;
  const families = new Set(candidates.flatMap((one) => familyOfType(one) ?? []));
  return [...families]
    .filter((family) => text.includes(` ${family.replaceAll("-", " ")} `))
    .reduce<string | null>((longest, one) => (one.length > (longest?.length ?? 0) ? one : longest), null);
}

/** Returns the text's last word, its last two words and so on, whichever is most like a candidate: anything may stand before a name. */
function likeliestEnd(name: string, candidates: readonly string[]): string {
  const words = name.trim().split(/\s+/).slice(-mostWords);
  const ends = words.map((_, index) =>
    words
      .slice(-index - 1)
      .join(" ")
      .slice(-mostSigns),
  );
  const nearness = (end: string) => Math.min(...candidates.map((one) => distance(end, one)));
  return ends.map((end) => ({ end, far: nearness(end) })).reduce((a, b) => (b.far < a.far ? b : a)).end;
}

function distance(a: string, b: string): number {
  return editDistance(a.toLowerCase(), b.toLowerCase());
}

/** Returns the framebuffer that the text asks for, in MiB, by its last number beside the GPU part; 0 where it has none. */
function sizeIn(name: string, family: string | null): number {
  const named = parseVgpuTypeName(name)?.framebufferMiB;
  const rest = name.toLowerCase().replace(family ?? "", "");
  return named ?? Number(/(\d{1,3})\D*$/.exec(rest.slice(-mostSigns))?.[1] ?? 0) * 1024;
}

/** Returns the names of the nearest sizes first; of one size those first that serve the most uses. */
function inOrder(names: readonly string[], wanted: number): readonly string[] {
  const named = names.map((name) => ({ name, parts: parseVgpuTypeName(name) }));
  const sizeOf = ({ parts }: (typeof named)[number]) => parts?.framebufferMiB ?? 0;
  const farness = (one: (typeof named)[number]) => (wanted === 0 ? 0 : Math.abs(sizeOf(one) - wanted));
  const rank = ({ parts }: (typeof named)[number]) => "QCBA".indexOf(parts?.series ?? "A");
  return named
    .toSorted((a, b) => farness(a) - farness(b) || rank(a) - rank(b) || sizeOf(a) - sizeOf(b))
    .map(({ name }) => name);
}
