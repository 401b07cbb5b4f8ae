import { z } from "zod";

const oneLine = "a text of one line, without control characters";
/** A variation selector is not shown itself, and is part of signs that are. */
const noControl =
  /^(?:(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|[^\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800])*$/u;
/** A space is the only blank that everybody types and sees the same. */
const otherBlank = /(?! )\p{Zs}/u;

/**
 * A text that stands in one line wherever it is written: a file, a message, an operation for a script. No control
 * characters, no line ends of any alphabet, nothing that turns or hides what is beside it or is not shown at all.
 */
export function lineText(most = 255) {
  return z
    .string()
    .min(1)
    .max(most)
    .superRefine((text, context) => {
      if (!noControl.test(text) || (text !== "" && text.trim() === ""))
        context.addIssue({ code: "custom", message: oneLine });
    });
}

/** The same for what is called by it: no two of them look alike for their blanks alone. */
export function nameText(most = 255) {
  return lineText(most).superRefine((text, context) => {
    if (text.trim() !== "" && (text !== text.trim() || otherBlank.test(text)))
      context.addIssue({
        code: "custom",
        message: "a text without blanks at its ends, and of blanks only spaces",
      });
  });
}

/** The name or the address of a machine. */
export function hostText() {
  return lineText().superRefine((text, context) => {
    if (text.trim() !== "" && /\s/u.test(text))
      context.addIssue({ code: "custom", message: "a name or an address, without blanks" });
  });
}

/** The same, but it may be empty or blank: what it has to be is judged elsewhere, with what may be meant. */
export function anyLine(most = 255) {
  return z
    .string()
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
