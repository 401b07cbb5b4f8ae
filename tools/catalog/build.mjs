// node tools/catalog/build.mjs <facts folder> [--check] [--data <folder>]
// Writes provider/catalog/data/*.json from the folder's types.json and releases.json; with --check it only compares.
// Rows with a source code C1, C2, … are a person's corrections and stay as they are.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { withCorrections } from "./corrections.mjs";
import { catalogData, dataText } from "./rows.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean" }, data: { type: "string" } },
});
const [factsFolder] = positionals;
const dataFolder =
  values.data ?? join(dirname(fileURLToPath(import.meta.url)), "../../provider/catalog/data");

function fileOf(name, content) {
  const path = join(dataFolder, name);
  const existing = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  const text = dataText(withCorrections(content, existing === undefined ? undefined : JSON.parse(existing)));
  return { path, text, stale: text !== existing };
}

function run() {
  if (factsFolder === undefined) {
    console.error("usage: node tools/catalog/build.mjs <facts folder> [--check] [--data <folder>]");
    return 2;
  }
  const facts = (name) => JSON.parse(readFileSync(join(factsFolder, name), "utf8"));
  const content = catalogData(facts("types.json"), facts("releases.json"));
  const stale = Object.entries(content)
    .map(([name, part]) => fileOf(name, part))
    .filter((file) => file.stale);
  if (values.check) {
    for (const { path } of stale) console.error(`${path} differs from the facts`);
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(dataFolder, { recursive: true });
  for (const { path, text } of stale) writeFileSync(path, text);
  console.log(`${stale.length} files rewritten`);
  return 0;
}

process.exitCode = run();
