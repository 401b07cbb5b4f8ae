// Reads a shell command line back into words: quotes and backslashes, no expansions.

/** The words of `line`; operators such as `;` stay part of the word they touch. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|['"\\]/g;
  let word: string | undefined;
  for (const match of line.matchAll(piece)) {
    const [whole, single, double, escaped, plain] = match;
    if (/^\s/.test(whole)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? whole);
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** What a command as it came over SSH says. */
export interface CalledScript {
  /** The label after the script; for any other command its first word. */
  name: string;
  args: string[];
  sudo: boolean;
}

/** What each script prints, on both outputs together, before it has said anything: `vgpu-begin-`, `vgpu-errors-` and a token each. Bytes. */
export const announcementBytes = 36 + 37;

/** Finds the script's label and arguments in `exec /bin/sh -c BOOT NAME WORDS...`, and in `[sudo ...] sh -c SCRIPT NAME ARGS...`. */
export function calledScript(command: string): CalledScript {
  const words = shellWords(command);
  const at = words.findIndex((word, i) => word === "-c" && /(^|\/)(ba|da)?sh$/.test(words[i - 1] ?? ""));
  const [boot = "", name, ...args] = words.slice(at + 1);
  if (at < 0 || name === undefined)
    return { name: words[0] ?? "", args: words.slice(1), sudo: /(^|\/)sudo$/.test(words[0] ?? "") };
  if (!boot.includes("printf %b")) return { name, args, sudo: /(^|\/)sudo$/.test(words[0] ?? "") };
  return { name, args: givenArguments(sentText(args)), sudo: boot.includes("exec sudo") };
}

/** What `printf %b` prints of these words. */
function sentText(words: readonly string[]): string {
  const bytes = words
    .join("")
    .replace(/\\(?:n|0([0-7]{3}))/g, (_, octal?: string) =>
      octal === undefined ? "\n" : String.fromCharCode(Number.parseInt(octal, 8)),
    );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The script's arguments stand in its own text, in one command that may have several lines. */
function givenArguments(text: string): string[] {
  const quoted = /^set -- ((?:'(?:[^']|'\\'')*'(?: |\n))+)/m.exec(text)?.[1];
  return quoted === undefined ? [] : shellWords(quoted);
}
