/** Words that a shell understands by itself, or that join commands. */
const ofTheShell = new Set(
  (
    "if then elif else fi while until do done for case esac in { } ! [ : . true false " +
    "break continue exit return set shift hash eval exec export local read umask wait trap cd command printf echo kill"
  ).split(" "),
);

/** After these the next word still begins a command. */
const leadIns = new Set(["if", "then", "elif", "else", "while", "until", "do", "!", "{", "exec"]);

/**
 * Returns the programs that POSIX shell scripts start: first words of commands that are neither the shell's own nor
 * functions of one of the scripts, and those that `timeout`, `setsid` and `until_true` start. Made for our own scripts.
 */
export function externalCommands(scripts: readonly string[]): string[] {
  const functions = scripts.flatMap((script) => [...script.matchAll(/^\s*(\w+)\(\)/gm)]);
  const own = new Set([...ofTheShell, ...functions.map(([, name = ""]) => name)]);
  const found = scripts.flatMap((script) => scan(withoutComments(script))).filter((name) => !own.has(name));
  return [...new Set(found)].sort();
}

function withoutComments(script: string): string {
  return script.replace(/(^|\s)#.*$/gm, "$1");
}

function scan(text: string): string[] {
  const commands: string[] = [];
  let words: string[] = [];
  let word = "";
  const endWord = () => {
    if (word !== "") words.push(word);
    word = "";
  };
  const endCommand = () => {
    endWord();
    commands.push(...commandsOf(words));
    words = [];
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === "\\") at++;
    else if (letter === "'") {
      const end = text.indexOf("'", at + 1);
      const quoted = text.slice(at + 1, end);
      // A script within a script: setsid /bin/sh -c '…'.
      if (words.at(-1) === "-c") commands.push(...scan(quoted));
      word += "'quoted'";
      at = end;
    } else if (letter === '"') {
      const end = endOfDoubleQuotes(text, at + 1);
      commands.push(...substitutions(text.slice(at + 1, end)));
      word += '"quoted"';
      at = end;
    } else if (text.startsWith("$((", at)) {
      at = text.indexOf("))", at) + 1;
      word += "sum";
    } else if (text.startsWith("$(", at)) {
      const end = endOfParenthesis(text, at + 2);
      commands.push(...scan(text.slice(at + 2, end)));
      word += '"quoted"';
      at = end;
    } else if (letter === ")" && words.length === 0) {
      // The end of a pattern of `case`.
      word = "";
    } else if (/[;|&()\n]/.test(letter) && !(letter === "&" && text[at - 1] === ">")) endCommand();
    else if (/\s/.test(letter)) endWord();
    else word += letter;
  }
  endCommand();
  return commands;
}

function endOfDoubleQuotes(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text.startsWith("$(", at)) at = endOfParenthesis(text, at + 2);
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function endOfParenthesis(text: string, from: number): number {
  for (let at = from, depth = 1; at < text.length; at++) {
    if (text[at] === "'") at = text.indexOf("'", at + 1);
    else if (text[at] === '"') at = endOfDoubleQuotes(text, at + 1);
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at;
  }
  return text.length;
}

function substitutions(quoted: string): string[] {
  const start = quoted.indexOf("$(");
  if (start === -1) return [];
  const end = endOfParenthesis(quoted, start + 2);
  return [...scan(quoted.slice(start + 2, end)), ...substitutions(quoted.slice(end + 1))];
}

/** Wrappers and how many of their arguments come before the command that they run. */
const wrappers: Readonly<Record<string, number>> = { timeout: 1, setsid: 0, until_true: 1 };

function commandsOf(words: readonly string[]): string[] {
  let at = 0;
  while (at < words.length && (leadIns.has(words[at] ?? "") || /^\w+=/.test(words[at] ?? ""))) at++;
  const first = words[at] ?? "";
  const rest = words.slice(at + 1);
  if (first === "for" || first === "case") return [];
  const skipped = wrappers[first];
  const inner = skipped === undefined ? [] : commandsOf(rest.slice(skipped));
  return /^[a-z/][\w./-]*$/.test(first) ? [first, ...inner] : inner;
}
