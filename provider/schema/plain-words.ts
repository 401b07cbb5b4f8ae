import type { z } from "zod";

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

/** Returns in plain words what was expected where a value is not valid. */
export function expectedText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return kinds[issue.expected] ?? issue.message;
    case "invalid_value":
      return oneOf(issue.values.map((value) => JSON.stringify(value)));
    case "too_small":
      return bound(issue.origin, issue.minimum, "least");
    case "too_big":
      return bound(issue.origin, issue.maximum, "most");
    case "invalid_format":
      return issue.format === "starts_with" ? "an absolute path" : issue.message;
    default:
      return issue.message;
  }
}

function oneOf(values: readonly string[]): string {
  if (values.length < 2) return values.join("");
  return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

function bound(origin: string, limit: number | bigint, side: "least" | "most"): string {
  if (origin !== "string") return `a ${origin === "int" ? "whole number" : "number"} of at ${side} ${limit}`;
  if (side === "least") return "a text that is not empty";
  return `a text of at most ${limit} characters`;
}

/** Returns a value as it may stand in a message: one line, what cannot be seen written out, cut where it is long. */
export function shown(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  const text = JSON.stringify(value) ?? typeof value;
  const visible = text.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu,
    (sign) => {
      const code = sign.codePointAt(0) ?? 0;
      return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
  return visible.length > 120 ? `${visible.slice(0, 100)}… (${text.length - 2} characters)` : visible;
}
