import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of this repository. */
export const repositoryRoot = dirname(dirname(dirname(__dirname)));

/** One Markdown page that people read. */
export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** Returns one page. */
export function page(path: string): Page {
  return { path, text: readFileSync(join(repositoryRoot, path), "utf8") };
}

/** Returns README and every page of docs and of examples. */
export function pages(): Page[] {
  const paths = globSync(["README.md", "docs/**/*.md", "examples/*/README.md"], { cwd: repositoryRoot });
  return paths.sort().map(page);
}

/** Returns the fenced blocks in a language, with the line of each one's first line. */
export function blocks(text: string, language: string): { readonly line: number; readonly text: string }[] {
  const found = [];
  for (const match of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, word = "", content = ""] = match;
    if (word === language)
      found.push({ line: text.slice(0, match.index).split("\n").length + 1, text: content });
  }
  return found;
}

/** Returns the cells of the rows of the tables in a text, heads and rules left out. */
export function tableRows(text: string): string[][] {
  const rows: string[][] = [];
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const isHead = /^\|[-| ]+\|$/.test(lines[index + 1] ?? "");
    if (!line.startsWith("|") || isHead || /^\|[-| ]+\|$/.test(line)) continue;
    rows.push(
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** Returns what a text has in backticks. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}
