import { AsyncLocalStorage } from "node:async_hooks";
import type { ResourceKind } from "../plan/declared/program.js";
import type { Properties } from "./lifecycle.js";

/** The resource that the engine's present call is about. */
export interface Row {
  readonly urn: string;
}

/**
 * The input by which sdk/ hands down the URN of a resource that has a parent. `check` takes it off; it is stored with the
 * outputs, since a refresh and a destroy know nothing else of the program.
 */
export const rowKey = "row";

const rows = new AsyncLocalStorage<Row>();
const fromProgram = new Map<string, string>();

/** Runs one call of the engine, so that what is told in it is told of its resource. */
export function withRow<T>(kind: ResourceKind, props: Properties, call: () => Promise<T>): Promise<T> {
  return rows.run({ urn: urnOf(kind, props) }, call);
}

/** Returns the resource that the present call is about; `undefined` outside of any. */
export function presentRow(): Row | undefined {
  return rows.getStore();
}

/** Takes the URN off the inputs that the program gives, and keeps it for this process. */
export function takeRow(kind: ResourceKind, { [rowKey]: urn, ...inputs }: Properties): Properties {
  if (typeof urn === "string") fromProgram.set(keyOf(kind, inputs), urn);
  return inputs;
}

/** Returns what is stored of the row: nothing where the resource has no parent. */
export function storedRow(kind: ResourceKind, props: Properties): Properties {
  const urn = urnOf(kind, props);
  return urn === unparented(kind, props) ? {} : { [rowKey]: urn };
}

function urnOf(kind: ResourceKind, props: Properties): string {
  const stored = props[rowKey];
  return (
    fromProgram.get(keyOf(kind, props)) ?? (typeof stored === "string" ? stored : unparented(kind, props))
  );
}

/** The URN of a resource that has no parent. */
function unparented(kind: ResourceKind, { owner, name }: Properties): string {
  const [project, stack] = String(owner).split("/");
  return `urn:pulumi:${stack}::${project}::pulumi-nodejs:dynamic/vgpu:${kind}::${String(name)}`;
}

/** Resources of one name may have different parents: then they are on different machines. */
function keyOf(kind: ResourceKind, { owner, name, host, connection }: Properties): string {
  const address =
    typeof connection === "object" && connection !== null ? Reflect.get(connection, "host") : null;
  return JSON.stringify([kind, owner, name, host ?? null, address ?? null]);
}
