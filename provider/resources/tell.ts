import { redact } from "../model/errors.js";
import { bounded, shownLine } from "../model/shown.js";
import { type EngineLog, engineLog, type Severity } from "./engine-log.js";
import { presentRow, type Row } from "./row.js";

/** How a text is told. */
interface Telling {
  /** @default "INFO" */
  readonly severity?: Severity;
  /** Whether it is told only until the next one: the progress of something. @default false */
  readonly passing?: boolean;
}

/** What is told: a line, or several of them. */
type Text = string | readonly string[];

/** Tells something of one resource. */
export type Teller = (text: Text, telling?: Telling) => void;

let log: EngineLog | null | undefined;

/** Returns what tells of the resource that the engine's present call is about, whoever calls it later. */
export function teller(label: string): Teller {
  const row = presentRow();
  return (text, telling = {}) => tellOn(row, label, { text, ...telling });
}

/** Tells the person who runs Pulumi something of a resource; `label` says of what where there is no row for it. */
export function tell(label: string, text: Text, telling: Telling = {}): void {
  tellOn(presentRow(), label, { text, ...telling });
}

/** Ends the telling of one call: what passes is gone from the row, and the engine has what was told. */
export async function endTelling(): Promise<void> {
  const row = presentRow();
  if (row !== undefined && passingOn.delete(row)) tellOn(row, "", { text: "", passing: true });
  await log?.said();
}

const passingOn = new WeakSet<Row>();

function tellOn(row: Row | undefined, label: string, said: Telling & { readonly text: Text }): void {
  const { text, severity = "INFO", passing = false } = said;
  // What a machine said in it cannot act on the terminal, nor pass for a line of ours.
  const lines = [text].flat().map((line) => shownLine(bounded(redact(line), 4_000)));
  const onConsole = () => {
    for (const line of lines) console.log(`${label}: ${line}`);
  };
  log ??= engineLog();
  if (log === null || row === undefined) {
    onConsole();
    return;
  }
  if (passing && text !== "") passingOn.add(row);
  log.say({ urn: row.urn, severity, text: lines.join("\n"), ephemeral: passing }, onConsole);
}

/** The longest silence while a machine is waited for, milliseconds. */
const silenceMs = 15_000;

/** Returns what says now and then that a machine is waited for, and what the last dial met. */
export function tellWaits(label: string): (elapsedMs: number, last: string) => void {
  const say = teller(label);
  let told = 0;
  return (elapsedMs, last) => {
    if (elapsedMs - told < silenceMs) return;
    told = elapsedMs;
    say(`waits for its machine to answer, for ${Math.round(elapsedMs / 1000)} s now: ${last}`, {
      passing: true,
    });
  };
}
