import { join } from "node:path";

/** Programs that change the mode in a board's InfoROM. Users get them apart from the driver, so they are in no package. */
export type FirmwareTool = "displaymodeselector" | "gpumodeswitch";

/** Returns the path of the stand-in, one file that runs anywhere with a POSIX shell; its name decides which tool it is. */
export function firmwareToolPath(tool: FirmwareTool): string {
  return join(__dirname, "firmware", tool);
}
