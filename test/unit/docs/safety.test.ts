import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { page, repositoryRoot } from "./pages.js";

const { text } = page("docs/safety.md");
const promises = text.split(/^## /m)[0] ?? "";
const rows = promises
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| it never"))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));

describe("docs/safety.md", () => {
  it("has a test for each promise", () => {
    expect(rows.length).toBeGreaterThan(25);
    for (const [promise, ...cells] of rows)
      expect(cells.at(-1), promise).toMatch(/\]\(\.\.\/test\/.+\): ".+"/);
  });

  it.each(rows.map(([promise = "", ...cells]) => [promise, cells.at(-1) ?? ""]))(
    "names a test that is there: it never %s",
    (_, cell) => {
      for (const shown of cell.split("<br>")) {
        const [, file = "", title = ""] = /\]\(\.\.\/(test\/[^)]+)\): "(.+)"$/.exec(shown) ?? [];
        expect(existsSync(join(repositoryRoot, file)), shown).toBe(true);
        const lines = readFileSync(join(repositoryRoot, file), "utf8").split("\n");
        const naming = lines.filter((line) => line.includes(title));
        expect(naming, shown).not.toEqual([]);
        expect(
          naming.filter((line) => /^\s*(\/\/|\*)/.test(line)),
          shown,
        ).toEqual([]);
        expect(
          lines.filter((line) => /\b(it|describe)(\.\w+)*\.(skip|todo|fails)\b/.test(line)),
          shown,
        ).toEqual([]);
      }
    },
  );
});
