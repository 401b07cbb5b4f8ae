/**
 * Characters that move the cursor, colour the terminal, hide themselves or turn the reading direction, and blanks that pass for
 * a space. A variation selector is part of the sign before it.
 */
const unseen =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}|(?<!\p{Extended_Pictographic})[\ufe0e\ufe0f]/gu;

/**
 * Returns `text` on one line, with every character that a terminal would obey or hide as an escape: `\x1b`, `\n`, `\u202e`.
 * What Pulumi's display would obey is shown so, too.
 */
export function shownLine(text: string): string {
  return withoutCommands(text.replace(unseen, escaped));
}

/**
 * Returns `text` without what Pulumi's display takes for a command of colour, `<{%reset%}>`: it hides it, hides all that follows
 * one without an end, and crashes, and the run with it, at one that it does not know.
 */
export function withoutCommands(text: string): string {
  return text.replaceAll("<{%", "<\\x7b%");
}

/** The same for a text of several lines: they stay, those after the first indented, so that none passes for another part. */
export function shownLines(text: string): string {
  const [first = "", ...rest] = text.split(/\r?\n/).map(shownLine);
  return [first, ...rest.map((line) => (line.startsWith("  ") ? line : `  ${line}`))].join("\n");
}

/** Returns at most `most` characters of `text`: its beginning, how many were left out, and its end. */
export function bounded(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.floor(most * 0.6);
  const left = text.length - most;
  return `${text.slice(0, head)} […${left} characters left out…] ${text.slice(head + left)}`;
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}
