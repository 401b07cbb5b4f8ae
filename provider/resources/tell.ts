import { redact } from "../model/errors.js";
import { bounded, shownLine } from "../model/shown.js";

/** Says one line about a resource to the person who runs Pulumi; what a machine said in it cannot act on the terminal. */
export function tell(label: string, text: string): void {
  console.log(shownLine(bounded(redact(`${label}: ${text}`), 4_000)));
}

/** The longest silence while a machine is waited for, milliseconds. */
const silenceMs = 15_000;

/** Returns what says now and then that a machine is waited for, and what the last dial met. */
export function tellWaits(label: string): (elapsedMs: number, last: string) => void {
  let told = 0;
  return (elapsedMs, last) => {
    if (elapsedMs - told < silenceMs) return;
    told = elapsedMs;
    tell(label, `waits for its machine to answer, for ${Math.round(elapsedMs / 1000)} s now: ${last}`);
  };
}
