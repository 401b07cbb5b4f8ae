/** Lines that no test can miss, by script and text, and why: what is left without them does the same. */
export const judgedLines: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "apply/shell/initramfs.sh": {
    '[ -n "$before" ] || return 0':
      "of no images before none is an old one: an empty pattern fits no whole line. The line says so to who reads it.",
  },
  "apply/shell/install-driver.sh": {
    "exit 0":
      "the line before ends with 0 in any case. Nothing that is added to it may make an installation fail.",
  },
  "observe/look-at-processes.sh": {
    'if [ ! -e "$node/dev" ]; then continue; fi':
      "the next line asks again, after it could not read: it saves that.",
    'if [ "$process" = "$last" ]; then continue; fi':
      "the line after the next keeps each process once in any case: with a thousand files open this is the quick way.",
  },
};

/** Returns why a line need not be missed by a test, `undefined` for one that must. */
export function judgementOf(script: string, line: string): string | undefined {
  return judgedLines[script]?.[line];
}
