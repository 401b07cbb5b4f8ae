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

/** What a `[sudo ...] sh -c SCRIPT NAME ARGS...` command line says. */
export interface CalledScript {
  /** The label after the script; for any other command its first word. */
  name: string;
  args: string[];
  sudo: boolean;
}

/** Finds the script's label and arguments in a command as it came over SSH. */
export function calledScript(command: string): CalledScript {
  const words = shellWords(command);
  const at = words.findIndex((word, i) => word === "-c" && /(^|\/)(ba|da)?sh$/.test(words[i - 1] ?? ""));
  const sudo = /(^|\/)sudo$/.test(words[0] ?? "");
  if (at < 0 || words[at + 2] === undefined) return { name: words[0] ?? "", args: words.slice(1), sudo };
  return { name: words[at + 2] as string, args: words.slice(at + 3), sudo };
}
