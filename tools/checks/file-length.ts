import type { Finding, Repository } from "./finding.js";

const aim = 250;
const limit = 300;

/** Source files of ours that are longer than can be read in one go: over 250 lines is a note, from 300 a failure. */
export function fileLength({ files }: Repository): Finding[] {
  return files
    .filter(({ path }) => /^(sdk|cli|provider|test|tools)\//.test(path) && /\.(ts|mjs|cjs|sh|go)$/.test(path))
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > aim)
    .map(({ path, lines }) => ({
      where: path,
      what: `${lines} lines, ${aim} are the aim`,
      fails: lines >= limit,
    }));
}
