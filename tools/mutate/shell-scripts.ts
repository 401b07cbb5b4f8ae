import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../paths.js";

const provider = path.join(repositoryRoot, "provider");

/** Returns the text of every script that is run on machines, by its path below provider/. */
export function shellScripts(): ReadonlyMap<string, string> {
  const files = readdirSync(provider, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".sh"),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(path.join(provider, file), "utf8")]));
}

/** Whether a text has the syntax of a plain sh. */
export function syntaxIsSound(text: string): boolean {
  return spawnSync("sh", ["-n"], { input: text }).status === 0;
}
