import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "../../../../shared");

/** Whether the shared facts lie beside this checkout. In CI they must: a suite that skips proves nothing there. */
export const sharedFactsPresent = existsSync(join(folder, "domain/types.json"));
if (!sharedFactsPresent && process.env.CI === "true")
  throw new Error("CI needs the shared facts beside the checkout");

if (!sharedFactsPresent) console.info("the shared facts are not beside this checkout: not compared");

/** Returns the path of a shared file, e.g. of `"domain/types.json"`. */
export function sharedPath(name: string): string {
  return join(folder, name);
}

/** Returns the text of a shared file. */
export function sharedText(name: string): string {
  return readFileSync(sharedPath(name), "utf8");
}
