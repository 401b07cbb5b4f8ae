import type { Finding, Repository } from "./finding.js";

const unfinished = /\b(TO[D]O|FIX[M]E|X[X]X)\b/;
// A test that depends on what the machine offers uses skipIf or runIf, which names the condition.
const passedOver = /\b(describe|it|test)\s*\.\s*(skip|only|todo|fails)\s*[.(]/;

/** Unfinished work and tests that are passed over. */
export function leftovers({ files }: Repository): Finding[] {
  return files
    .filter(({ path }) => /\.(ts|mjs|cjs|sh|go|md)$/.test(path))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => {
        const found = unfinished.exec(line) ?? (path.endsWith(".ts") ? passedOver.exec(line) : null);
        return found === null ? [] : [{ where: `${path}:${index + 1}`, what: found[0], fails: true }];
      }),
    );
}
