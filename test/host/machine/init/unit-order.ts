/** How units relate, and what starts one. */
export interface UnitOrder {
  before(first: string, second: string): boolean;
  start(name: string): Promise<boolean>;
}

/** Starts each of `names` once, after those ordered before it have ended starting; the rest at the same time. */
export async function startInOrder(names: string[], order: UnitOrder): Promise<Map<string, boolean>> {
  const begun = new Map<string, Promise<boolean>>();
  const begin = (name: string, chain: string[]): Promise<boolean> => {
    const known = begun.get(name);
    if (known !== undefined) return known;
    // A cycle is broken where it closes.
    const earlier = names.filter(
      (other) => other !== name && !chain.includes(other) && order.before(other, name),
    );
    const started = Promise.all(earlier.map((other) => begin(other, [...chain, name]))).then(() =>
      order.start(name),
    );
    begun.set(name, started);
    return started;
  };
  return new Map(await Promise.all(names.map(async (name) => [name, await begin(name, [])] as const)));
}
