import * as pulumi from "@pulumi/pulumi";

type Options = pulumi.CustomResourceOptions | undefined;

/** What Pulumi's SDK keeps of a resource without typing it. */
interface OpenResource {
  readonly __name?: string;
  readonly __protect?: boolean;
  readonly __aliases?: readonly pulumi.Input<string>[];
}

/** Returns by what the host knows a resource: its name, and `"project/stack"`. */
export function identityOf(name: string) {
  return { name, owner: `${pulumi.getProject()}/${pulumi.getStack()}` };
}

/**
 * Returns the URN of a resource that has a parent: its messages are shown on its own row by it. As a promise: an output of
 * the parent would make the resource wait for all that the parent has, itself too.
 */
export function rowOf(name: string, type: string, opts: Options): Promise<string> | undefined {
  const parent = opts?.parent;
  if (parent === undefined) return undefined;
  const urn = pulumi.createUrn(name, type, parent) as unknown as { promise(): Promise<string> };
  return urn.promise();
}

/** Returns the name under which the program declares a resource. */
export function resourceName(resource: pulumi.Resource): string {
  return (resource as OpenResource).__name ?? "";
}

/** Whether the engine protects a resource: a parent passes its protection on. */
export function isProtected(opts: Options): boolean {
  const parent = opts?.parent as OpenResource | undefined;
  return (opts?.protect ?? parent?.__protect) === true;
}

/**
 * Whether the engine may take a property from its state and not from the program (`ignoreChanges`): no rule over the
 * program can tell its value then.
 */
export function isIgnored(opts: Options, property: string): boolean {
  const paths = opts?.ignoreChanges;
  if (!Array.isArray(paths)) return false;
  return paths.some((path) => path === "*" || firstPart(path) === property);
}

/** `"driver.release"`, `"gpus[*]"` and `'["type"]'` begin with the name of a property. */
function firstPart(path: unknown): string {
  return (
    String(path)
      .match(/^(?:\["([^"]*)"\]|([^.[\]]+))/)
      ?.slice(1)
      .find(Boolean) ?? ""
  );
}

/** Returns the names that a resource had before, by its own `aliases` and those of its parent. */
export async function formerNames(name: string, opts: Options): Promise<readonly string[]> {
  const own = await settled(opts?.aliases ?? []);
  const names = own.map((alias) => nameOf(alias)).filter((found) => found !== undefined);
  const parent = opts?.parent as OpenResource | undefined;
  const prefix = parent?.__name;
  if (prefix === undefined || !name.startsWith(prefix)) return names;
  const inherited = await settled(parent?.__aliases ?? []);
  const rest = name.slice(prefix.length);
  return [...names, ...inherited.map((alias) => `${nameOf(alias) ?? prefix}${rest}`)];
}

async function settled(aliases: pulumi.Input<readonly pulumi.Input<unknown>[]>): Promise<readonly unknown[]> {
  const output = pulumi.output(aliases) as unknown as { promise(withUnknowns: boolean): Promise<unknown> };
  const found = await output.promise(true).catch(() => []);
  return Array.isArray(found) ? found : [];
}

function nameOf(alias: unknown): string | undefined {
  if (typeof alias === "string") return alias.split("::").at(-1);
  const name = typeof alias === "object" && alias !== null ? Reflect.get(alias, "name") : undefined;
  return typeof name === "string" ? name : undefined;
}
