/** Longest word, bytes: the C shell's manual allows 1,024. */
const longestWord = 1000;

/**
 * Returns the command that runs a program of the POSIX shell, whatever the account's login shell is: sh, bash, zsh, csh, tcsh, fish, rc.
 * They agree on words in single quotes only where those hold no line end, no `'`, no `!` and no backslash before either of the
 * latter two or another one: all else is `\n` or `\0NNN` here, which the `%b` of printf turns back, for all words in one piece.
 * @param boot what /bin/sh runs with these words in `"$@"` and `name` in `"$0"`; none of those characters may be in it
 */
export function anyShell(boot: string, name: string, program: string): string {
  return `exec /bin/sh -c '${boot}' ${name} ${plainWords(program).join(" ")}`;
}

function plainWords(program: string): string[] {
  const words: string[] = [];
  let word = "";
  for (const byte of Buffer.from(program)) {
    const sign = plainSign(byte);
    if (word.length + sign.length > longestWord) {
      words.push(word);
      word = "";
    }
    word += sign;
  }
  return [...words, word].map((text) => `'${text}'`);
}

const quote = 39;
const backslash = 92;
const exclamation = 33;

function plainSign(byte: number): string {
  if (byte === 0) throw new Error("a NUL character cannot be passed to a shell");
  if (byte === 10) return "\\n";
  const plain = byte >= 32 && byte < 127 && byte !== quote && byte !== backslash && byte !== exclamation;
  return plain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
}
