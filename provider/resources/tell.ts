import { redact } from "../model/errors.js";
import { bounded, shownLine } from "../model/shown.js";

/** Says one line about a resource to the person who runs Pulumi; what a machine said in it cannot act on the terminal. */
export function tell(label: string, text: string): void {
  console.log(shownLine(bounded(redact(`${label}: ${text}`), 4_000)));
}
