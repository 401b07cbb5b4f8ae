import * as pulumi from "@pulumi/pulumi";
import type { Refusal } from "../provider/plan/declared/program.js";
import { comesLater } from "./soon.js";

/** Deeper than any argument is: what lies there was put there by mistake, or has no end. */
const deepest = 8;

/** Returns the name of a resource. @throws RunError where it is none: without it nothing can be said on the resource */
export function checkedName(name: unknown, kind: string): string {
  if (typeof name === "string" && name !== "") return name;
  throw new pulumi.RunError(`VGPU_INPUT ${kind}: a resource has no name
Saw: ${kindOf(name)}
Expected: a text that is not empty, as its first argument
Next: correct it in the program`);
}

/** Returns what cannot be the arguments of a resource: not an object, or with a part that no property can be. */
export function wrongArguments(resource: string, args: unknown): Refusal[] {
  if (!isObject(args)) return [wrongKind(resource, { property: "", value: args, expected: "an object" })];
  const found = firstWrong(args, []);
  if (found === undefined) return [];
  const { path, saw } = found;
  return [
    wrongKind(resource, {
      property: path.join("."),
      saw,
      expected: "a text, a number, or a list or object of these",
    }),
  ];
}

/** Returns arguments that Pulumi's SDK can name: of an object without a prototype it makes no text, and ends the program. */
export function nameable<Args extends object>(args: Args): Args {
  const entries = Object.entries(args).map(([key, value]) => [key, isBare(value) ? { ...value } : value]);
  return Object.fromEntries(entries) as Args;
}

function isBare(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

/** Returns the refusal of a value of a wrong kind; the value itself may be a secret. */
export function wrongKind(
  resource: string,
  wrong: { readonly property: string; readonly expected: string; readonly next?: string } & (
    | { readonly value: unknown }
    | { readonly saw: string }
  ),
): Refusal {
  const { property, expected, next = "correct it in the program" } = wrong;
  const what = property === "" ? "its arguments are not valid" : `${property} is not valid`;
  const saw = "saw" in wrong ? wrong.saw : kindOf(wrong.value);
  return { resource, parts: { code: "VGPU_INPUT", where: resource, what, saw, expected, next, property } };
}

/** Whether a value is a resource of this package, whichever copy of the package made it. */
export function isResourceWith(value: unknown, property: string): boolean {
  return pulumi.Resource.isInstance(value) && property in (value as object);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !comesLater(value);
}

interface Wrong {
  readonly path: readonly string[];
  readonly saw: string;
}

/** Pulumi's SDK would follow an object without an end, and take a function for one to be called later. */
function firstWrong(value: unknown, path: readonly string[]): Wrong | undefined {
  const kind = typeof value;
  if (kind === "function" || kind === "symbol" || kind === "bigint") return { path, saw: kindOf(value) };
  if (kind === "number" && !Number.isFinite(value)) return { path, saw: String(value) };
  if (!isContainer(value)) return undefined;
  if (isEmptyInstance(value)) return { path, saw: instanceText(value) };
  if (path.length >= deepest)
    return { path: path.slice(0, 2), saw: "an object in itself, or one without an end" };
  for (const [key, inner] of Object.entries(value)) {
    const wrong = firstWrong(inner, [...path, key]);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Of a Map, an iterator or a Date what is in it is none of its properties: it would be sent as an empty object. */
function isEmptyInstance(value: object): boolean {
  if (Array.isArray(value) || Object.keys(value).length > 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm has a prototype without one, too.
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}

function instanceText(value: object): string {
  const name = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return name === "Object" ? "an object without properties of its own" : `a value of the kind ${name}`;
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !comesLater(value) && !pulumi.Resource.isInstance(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (comesLater(value)) return "an output or a promise";
  if (Array.isArray(value)) return "a list";
  const kinds = {
    string: "a text",
    boolean: "true or false",
    object: "an object",
    bigint: "a BigInt",
  } as const;
  const kind = typeof value;
  return kind in kinds ? kinds[kind as keyof typeof kinds] : `a ${kind}`;
}
