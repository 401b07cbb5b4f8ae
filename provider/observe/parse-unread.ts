import type { UnreadPart } from "../model/facts.js";
import type { FactLines } from "./fact-lines.js";

/** Returns the parts of the look that could not be finished, in the order in which they were tried. */
export function parseUnread(lines: FactLines): UnreadPart[] {
  return lines.all("unread").flatMap(([part = "", saw = ""]) => (isPart(part) ? [{ part, saw }] : []));
}

function isPart(text: string): text is UnreadPart["part"] {
  return text === "processes";
}
