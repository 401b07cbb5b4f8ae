import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "../../../../shared");

/** Whether the captures from real machines lie beside this checkout; with CI=true they must. */
export const sharedFactsPresent = existsSync(folder) || process.env.CI === "true";

/** Returns a shared text file. @throws ENOENT */
export function sharedText(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}
