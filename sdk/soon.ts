import * as pulumi from "@pulumi/pulumi";

/** Stands for a value that is not known in a preview, or could not be had: then Pulumi says so of the property. */
export const notKnown = Symbol("not known");

/** A value of the program, which may come later. */
export interface Soon {
  /** Whether a resource has to be made before it is known: nobody may wait for it who holds that resource up. */
  readonly afterResource: boolean;
  /** The value, or `notKnown`. */
  readonly value: Promise<unknown>;
}

/** Whether a value comes later: an output or a promise. */
export function comesLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Whether a value is an object of named parts, and nothing that comes later or is more than its parts. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !comesLater(value) && !pulumi.Resource.isInstance(value);
}

/** Returns a part of the arguments, whatever of the way to it comes later, e.g. `["connection", "host"]`. */
export function partOf(args: unknown, path: readonly string[]): Soon {
  let value = args;
  let rest = path;
  for (const key of path) {
    if (!isPlainObject(value)) break;
    value = value[key];
    rest = rest.slice(1);
  }
  if (!comesLater(value)) {
    return { afterResource: false, value: Promise.resolve(rest.length === 0 ? value : undefined) };
  }
  const output = pulumi.output(value) as unknown as OpenOutput;
  const found = output.promise(true).then((whole) => within(whole, rest));
  return { afterResource: output.resources().size > 0, value: found.catch(() => notKnown) };
}

/** Returns the resources that have to be made before all of the values are known; those among the values are none of them. */
export function resourcesBehind(values: readonly unknown[]): readonly pulumi.Resource[] {
  return values
    .filter((value) => !pulumi.Resource.isInstance(value))
    .flatMap((value) => {
      const output = pulumi.output(value) as unknown as OpenOutput;
      // Whoever needs the value hears of its failure.
      output.promise(true).catch(() => {});
      return [...output.resources()];
    });
}

/** What Pulumi's SDK has of an output without typing it. */
interface OpenOutput {
  promise(withUnknowns: boolean): Promise<unknown>;
  resources(): ReadonlySet<pulumi.Resource>;
}

function within(whole: unknown, path: readonly string[]): unknown {
  let value = whole;
  for (const key of path) {
    if (pulumi.isUnknown(value)) return notKnown;
    value = isPlainObject(value) ? value[key] : undefined;
  }
  return pulumi.isUnknown(value) ? notKnown : value;
}

/** Returns a part that has to be known before a resource is made; `notKnown` where it waits for one. */
export async function partAtOnce(args: unknown, path: readonly string[]): Promise<unknown> {
  const { afterResource, value } = partOf(args, path);
  return afterResource ? notKnown : value;
}

/** The same for a text; `null` for everything else. */
export async function textAtOnce(args: unknown, path: readonly string[]): Promise<string | null> {
  const value = await partAtOnce(args, path);
  return typeof value === "string" ? value : null;
}
