import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Returns a function that gives what `load` gave the first time it was called. */
export function once<T>(load: () => T): () => T {
  let loaded: { readonly value: T } | undefined;
  return () => {
    loaded ??= { value: load() };
    return loaded.value;
  };
}

/** Returns the content of a file of `data/`. The builder of tools/catalog writes the files, the catalog's table test holds their form. */
export function readData<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, "data", name), "utf8")) as T;
}
