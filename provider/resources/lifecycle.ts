import { unknownValue } from "../model/unknown-value.js";
import type { CheckFailure } from "../schema/check-inputs.js";

/** Properties as the engine sends and stores them. */
export type Properties = Record<string, unknown>;

/** What the engine asks of a kind of resource: the methods of a dynamic provider. */
export interface Lifecycle {
  check(olds: Properties, news: Properties): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  diff(
    id: string,
    olds: Properties,
    news: Properties,
  ): Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(inputs: Properties): Promise<{ id: string; outs: Properties }>;
  read(id: string, props: Properties): Promise<{ id: string; props?: Properties; inputs?: Properties }>;
  update(id: string, olds: Properties, news: Properties): Promise<{ outs: Properties }>;
  delete(id: string, props: Properties): Promise<void>;
}

/** Whether a value, at any depth, is not known before its resource is made. */
export function hasUnknown(value: unknown): boolean {
  if (value === unknownValue) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}

/** Returns the named properties of `from` that are there. */
export function pick(from: Properties, keys: readonly string[]): Properties {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]));
}

/** Whether two values are the same JSON, whatever the order of keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const left = Object.entries(a).filter(([, value]) => value !== undefined);
  const right = Object.entries(b).filter(([, value]) => value !== undefined);
  return left.length === right.length && left.every(([key, value]) => sameValue(value, Reflect.get(b, key)));
}

/** How a changed property takes effect: the one table that `diff` is. */
export type DiffTable = Readonly<Record<string, "in-place" | "replace" | "ignored">>;

/** Returns which properties differ, and what that means by the table; a property that is not in it is changed in place. */
export function diffByTable(table: DiffTable, live: Properties, declared: Properties) {
  const keys = [...new Set([...Object.keys(live), ...Object.keys(declared)])].filter(
    (key) => !key.startsWith("__"),
  );
  const changed = keys.filter((key) => table[key] !== "ignored" && !sameValue(live[key], declared[key]));
  const replaces = changed.filter((key) => table[key] === "replace");
  return { changes: changed.length > 0, replaces, deleteBeforeReplace: replaces.length > 0 };
}
