import type { Route } from "../config/route.js";
import { chooseTransport, type Transport, whyNotOpenSsh } from "./transport-choice.js";

/** Returns what a person should know of how a machine is reached: by what, where the program does not say so, and what is not followed. */
export function wayNotes(route: Route, transport: Transport): string[] {
  const { via } = route;
  // A bastion may be reached by another way than what is behind it.
  const viaBy = via && (transport.name === "openssh" ? transport : chooseTransport(via));
  const notes = via && viaBy ? wayNotes(via, viaBy) : [];
  if (transport.name === "openssh") {
    if (transport.because !== "connection.transport") notes.push(byOpenSsh(transport.because ?? ""));
    return [...new Set(notes)];
  }
  if (route.needs.length > 0) {
    const why = whyNotOpenSsh(route) ?? 'connection.transport is "builtin"';
    notes.push(`does not follow ${route.needs.join(", ")}, which only OpenSSH can: ${why}`);
  }
  if (route.notFollowed.length > 0)
    notes.push(`does not follow ${route.notFollowed.join(", ")} of ~/.ssh/config: there is no ssh on PATH`);
  return [...new Set(notes)];
}

function byOpenSsh(because: string): string {
  return `is reached by your own ssh, for ${because}`;
}

const told = new WeakMap<object, Set<string>>();

/** Returns those of a machine's lines that were not asked for yet. */
export function untold(machine: object, lines: readonly string[]): string[] {
  const before = told.get(machine) ?? new Set<string>();
  told.set(machine, new Set([...before, ...lines]));
  return lines.filter((line) => !before.has(line));
}
