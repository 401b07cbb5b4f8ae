import type { z } from "zod";
import { errorText } from "../model/errors.js";
import { expectedText, shown } from "./plain-words.js";

/** A refusal as the engine takes it: shown once, on the resource. */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** The schema of a resource's inputs. */
export type InputSchema = z.ZodObject;

/** Inputs that fit their schema, or what is wrong with them. */
export type CheckedInputs<T> =
  | { readonly inputs: T; readonly failures: readonly [] }
  | { readonly inputs: null; readonly failures: readonly CheckFailure[] };

/** What a failure says beside what is wrong. */
export interface FailureTexts {
  readonly where: string;
  /** By property: what to do where something else helps more than to correct the program. */
  readonly next?: Readonly<Record<string, string>>;
  /** The page that has the resource's arguments. @default the folder of all such pages */
  readonly page?: string;
}

/** Checks declared inputs; each thing that is wrong is one failure with its property. */
export function checkInputs<T>(
  schema: z.ZodType<T>,
  inputs: unknown,
  texts: string | FailureTexts,
): CheckedInputs<T> {
  const {
    where,
    next = {},
    page = "docs/reference",
  }: FailureTexts = typeof texts === "string" ? { where: texts } : texts;
  const result = schema.safeParse(inputs);
  if (result.success) return { inputs: result.data, failures: [] };
  const all = result.error.issues.flatMap((issue) => oneByOne(issue, page));
  const failures = all.slice(0, mostFailures).map(({ path, saw, expected }) => {
    const property = propertyPath(path);
    const reason = errorText({
      code: "VGPU_INPUT",
      where: inLine(where),
      what: `${property || "the resource"} is not valid`,
      saw: saw ?? valueText(inputs, path),
      expected,
      next: next[property] ?? "correct it in the program",
    });
    return { property, reason };
  });
  return { inputs: null, failures };
}

/** More would hide what is told; what is left shows when these are corrected. */
const mostFailures = 10;

/** Returns a text that may be of any kind as part of a message's first line. */
function inLine(text: string): string {
  const written = shown(text);
  return written === `"${text}"` ? text : written;
}

interface Complaint {
  readonly path: readonly PropertyKey[];
  readonly saw?: string;
  readonly expected: string;
}

/** Names the keys themselves that are not valid; the value of an unknown key may be a secret under a mistyped name. */
function oneByOne(issue: z.core.$ZodIssue, page: string): Complaint[] {
  if (issue.code === "unrecognized_keys") {
    const expected = `no property of that name; see the arguments in ${page}`;
    return issue.keys.map((key) => ({ path: [...issue.path, key], saw: "a value", expected }));
  }
  if (issue.code === "invalid_key") {
    const saw = shown(issue.path.at(-1));
    return [{ path: issue.path, saw, expected: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ path: issue.path, expected: expectedText(issue) }];
}

function propertyPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[A-Za-z_]\w*$/.test(String(key))) return `${text}[${shown(String(key))}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

const secretKeys = new Set(["password", "privateKey", "privateKeyPassword", "sudoPassword", "token"]);
/** Objects with a secret in them: given as a text, the text may be that secret. */
const secretHolders = new Set(["connection", "proxy", "license"]);

function valueText(inputs: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = inputs;
  for (const key of path)
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  if (value === undefined) return "nothing";
  if (path.some((key) => secretKeys.has(String(key)))) return "a secret value";
  if (typeof value === "string" && secretHolders.has(String(path.at(-1)))) return "a text";
  return shown(value);
}
