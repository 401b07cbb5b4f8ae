import { z } from "zod";

const oneLine = "a text of one line, without control characters";
const noControl = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u;

/**
 * A text that stands in one line wherever it is written: a file, a message, an operation for a script. No control
 * characters, no line ends of any alphabet, nothing that turns or hides what is beside it.
 */
export function lineText(most = 255) {
  return z
    .string()
    .min(1)
    .max(most)
    .superRefine((text, context) => {
      if (!noControl.test(text)) context.addIssue({ code: "custom", message: oneLine });
    });
}

/** A secret that is sent as one line: a line end in it would begin a second one. */
export function secretLine() {
  return z
    .string()
    .max(4096)
    .superRefine((text, context) => {
      if (/[\0\r\n]/.test(text)) context.addIssue({ code: "custom", message: "a secret of one line" });
    });
}

/** The content of a small file, e.g. of a key. */
export function fileText() {
  return z
    .string()
    .min(1)
    .max(65_536)
    .superRefine((text, context) => {
      if (text.includes("\0")) context.addIssue({ code: "custom", message: "a text without NUL characters" });
    });
}
