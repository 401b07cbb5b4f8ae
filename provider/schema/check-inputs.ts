import type { z } from "zod";
import { errorText } from "../model/errors.js";

/** A refusal as the engine takes it: shown once, on the resource. */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** Inputs that fit their schema, or what is wrong with them. */
export type CheckedInputs<T> =
  | { readonly inputs: T; readonly failures: readonly [] }
  | { readonly inputs: null; readonly failures: readonly CheckFailure[] };

/** Checks declared inputs; each thing that is wrong is one failure with its property. */
export function checkInputs<T>(schema: z.ZodType<T>, inputs: unknown, where: string): CheckedInputs<T> {
  const result = schema.safeParse(inputs);
  if (result.success) return { inputs: result.data, failures: [] };
  const failures = result.error.issues.map((issue) => {
    const property = propertyPath(issue.path);
    const reason = errorText({
      code: "VGPU_INPUT",
      where,
      what: `${property || "the resource"} is not valid`,
      saw: valueText(inputs, issue.path),
      expected: issue.message,
      next: "correct it in the program",
    });
    return { property, reason };
  });
  return { inputs: null, failures };
}

function propertyPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}

const secretKeys = new Set(["password", "privateKey", "privateKeyPassword", "sudoPassword", "token"]);

function valueText(inputs: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = inputs;
  for (const key of path)
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  if (value === undefined) return "nothing";
  if (path.some((key) => secretKeys.has(String(key)))) return "a secret value";
  return typeof value === "object" ? "an object" : JSON.stringify(value);
}
