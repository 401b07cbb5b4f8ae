/** A line of a shell script that may be left out, and what is left then. */
export interface GuardedLine {
  /** From 1. */
  readonly number: number;
  readonly line: string;
  /** The script without it. */
  readonly without: string;
}

/** What makes a line a guard: it decides whether the next thing happens, or in what shape. */
const guards =
  /\|\||&&|\breturn\b|\bexit\b|\bflock\b|\btrap\b|\bumask\b|\bchmod\b|\bsync\b|\btimeout\b|\bif\b|\bcase\b|\[ /;

/**
 * Returns the lines of a script that guard something and can be left out: what is left is still a script, as `isScript`
 * says. One that opens or closes a block cannot.
 */
export function guardedLines(text: string, isScript: (text: string) => boolean): GuardedLine[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    if (!guards.test(line) || line.trim().startsWith("#")) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    const without = [...lines.slice(0, index), `${indent}:`, ...lines.slice(index + 1)].join("\n");
    return isScript(without) ? [{ number: index + 1, line: line.trim(), without }] : [];
  });
}

/** Returns the shell function that a line stands in, `undefined` outside of functions. */
export function functionAround(text: string, number: number): string | undefined {
  const lines = text.split("\n").slice(0, number);
  for (const [back, line] of lines.reverse().entries()) {
    const name = /^([a-z_]+)\(\) \{/.exec(line)?.[1];
    if (name !== undefined) return name;
    if (back > 0 && line === "}") return undefined;
  }
  return undefined;
}

/** Returns the names of a library's functions that call `name`, directly or by way of others, and `name` itself. */
export function callersOf(name: string, library: string): ReadonlySet<string> {
  const bodies = new Map<string, string>();
  for (const match of library.matchAll(/^([a-z_]+)\(\) \{(.*?)(?:^\}|\}$)/gms))
    bodies.set(match[1] ?? "", match[2] ?? "");
  const found = new Set([name]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [caller, body] of bodies) {
      if ([...found].some((callee) => mentions(body, callee))) found.add(caller);
    }
  }
  return found;
}

/** Whether a text uses a name as a word. */
export function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text);
}
