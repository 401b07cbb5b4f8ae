import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** Characters of the longest line that a hostile text is tried with. */
const length = 20_000;
/** Processor time for one, milliseconds: a pattern of linear time takes a tenth of one, a quadratic one several hundred. */
const mostMs = 100;

const pumps = [
  " ",
  "\t",
  ":",
  "a",
  "0",
  ".",
  "-",
  "=",
  ",",
  "/",
  "@",
  "[",
  '"',
  "%h",
  ".00",
  "a:",
  ":a=",
  " 0",
  "0 ",
  "a ",
  " -name ",
  "(Expiry:",
];
const prefixes = ["", "a", "0:", "a:", " include", "-name", "nvidia-"];
const suffixes = ["", "!", "\r", "\rx"];

/** Returns the first text on which a pattern takes more than linear time. */
function slowText(pattern: RegExp): string | null {
  for (const prefix of prefixes)
    for (const pump of pumps)
      for (const suffix of suffixes) {
        // A tenth first: what is worse than quadratic would not end on the whole.
        for (const size of [length / 10, length]) {
          const text = prefix + pump.repeat(size / pump.length) + suffix;
          if (spentMs(pattern, text) > mostMs && spentMs(pattern, text) > mostMs)
            return JSON.stringify(`${prefix}${pump}…${suffix}`);
        }
      }
  return null;
}

function spentMs(pattern: RegExp, text: string): number {
  const before = process.cpuUsage();
  text.replace(pattern, "");
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Every pattern that is written in the code that users run. */
function patternsOf(file: string): RegExp[] {
  const found: RegExp[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      found.push(new RegExp(node.text.slice(1, end), node.text.slice(end + 1)));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true));
  return found;
}

const root = join(__dirname, "../..");
const files = ["provider/**/*.ts", "sdk/**/*.ts"].flatMap((glob) => globSync(glob, { cwd: root })).sort();
const patterns = new Map(
  files.flatMap((file) => patternsOf(join(root, file)).map((one) => [String(one), one])),
);

describe("a pattern", () => {
  it("of the shipped code takes linear time on any of many hostile lines", () => {
    expect(patterns.size).toBeGreaterThan(20);
    const slow = [...patterns].map(([text, pattern]) => [text, slowText(pattern)]);
    expect(slow.filter(([, text]) => text !== null)).toEqual([]);
  }, 120_000);

  it.each([/^\s*([A-Za-z ]+?)\s*:\s*(.+?)\s*$/, /\s*\(Expiry:.*\)$/, /(\.00)+$/, /^(.+?):([a-zA-Z]+)=(.*)$/])(
    "of more than linear time is seen as one: %s",
    (pattern) => {
      expect(slowText(pattern)).not.toBeNull();
    },
    60_000,
  );
});
