/** Returns how many letters must be inserted, removed or replaced to turn one text into the other. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < to.length; column++) {
      const replaced = (row[column] ?? 0) + (from[index] === to[column] ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Returns the `count` texts that are most like `text`; of equally like ones, those that begin like it, then in their given order. */
export function nearestTexts(text: string, candidates: readonly string[], count: number): readonly string[] {
  const wanted = text.toLowerCase();
  return candidates
    .map((candidate, order) => {
      const lower = candidate.toLowerCase();
      return { candidate, order, distance: editDistance(wanted, lower), start: commonStart(wanted, lower) };
    })
    .sort((a, b) => a.distance - b.distance || b.start - a.start || a.order - b.order)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
