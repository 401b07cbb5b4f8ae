/**
 * Returns `value` as one word of POSIX shell text, whatever characters it holds: `it's` becomes `'it'\''s'`.
 * The one place where values become shell text.
 */
export function shellQuote(value: string): string {
  if (value.includes("\0")) throw new Error("a NUL character cannot be passed to a shell");
  return `'${value.replaceAll("'", "'\\''")}'`;
}
