// node tools/catalog/build.mjs <facts folder> [--check]
// Writes provider/catalog/data/*.json from the folder's types.json and releases.json; with --check it only compares.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogData, dataText } from "./rows.mjs";

const dataFolder = join(dirname(fileURLToPath(import.meta.url)), "../../provider/catalog/data");

function readOr(path, absent) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return absent;
  }
}

function run(args) {
  const check = args.includes("--check");
  const factsFolder = args.find((argument) => !argument.startsWith("--"));
  if (factsFolder === undefined) {
    console.error("usage: node tools/catalog/build.mjs <facts folder> [--check]");
    return 2;
  }
  const facts = (name) => JSON.parse(readFileSync(join(factsFolder, name), "utf8"));
  const files = Object.entries(catalogData(facts("types.json"), facts("releases.json")));
  const stale = files.filter(([name, content]) => readOr(join(dataFolder, name), "") !== dataText(content));
  if (check) {
    for (const [name] of stale) console.error(`provider/catalog/data/${name} differs from the facts`);
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(dataFolder, { recursive: true });
  for (const [name, content] of stale) writeFileSync(join(dataFolder, name), dataText(content));
  console.log(`${files.length} files, ${stale.length} rewritten`);
  return 0;
}

process.exitCode = run(process.argv.slice(2));
