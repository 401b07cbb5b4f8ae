import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const own = join(__dirname, "../captures");
const shared = join(__dirname, "../../../shared");

/** Returns a capture of our own writing, e.g. `"observe-host.legacy.txt"`. */
export function captureText(name: string): string {
  return readFileSync(join(own, name), "utf8");
}

/** Whether captures of real machines lie beside this checkout. In CI they must: a suite that skips proves nothing there. */
export const realCapturesPresent = existsSync(join(shared, "captures"));
if (!realCapturesPresent && process.env.CI === "true")
  throw new Error("CI needs the shared captures beside the checkout");
if (!realCapturesPresent)
  console.info("captures of real machines are not beside this checkout: not compared");

/** Returns a capture of a real machine or tool, e.g. `"captures/mdevctl.json"`. */
export function realCaptureText(name: string): string {
  return readFileSync(join(shared, name), "utf8");
}
