import type { Unit } from "./unit-file.js";

/** What a boot starts the wants of. */
export const bootTargets = ["sysinit", "local-fs", "basic", "multi-user", "graphical", "default"].map(
  (name) => `${name}.target`,
);

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

/** Whether units start in this order, where both do. */
export function ordered(first: Unit, second: Unit): boolean {
  return (
    second.names("Unit", "After").includes(first.name) || first.names("Unit", "Before").includes(second.name)
  );
}

/** Names of the units that a unit's start brings with it. */
export function pulledBy(unit: Unit): string[] {
  return ["Requires", "BindsTo", "Requisite", "Wants"].flatMap((key) => unit.names("Unit", key));
}
