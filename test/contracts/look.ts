// How contracts look: by the very lines that our scripts use.
import { expect } from "vitest";
import { shellQuote } from "../../provider/transport/link/quote.js";
import type { RunResult } from "../host/types.js";
import type { Bed } from "./contract.js";

/** States in which any machine can be asked: the first of each kind. */
export const anyMachine = ["bare host", "bare guest", "mdev parent"] as const;

/** Runs lines of shell and returns what they print; fails unless they exit with 0. */
export async function say(bed: Bed, line: string): Promise<string> {
  const { code, stdout, stderr } = await bed.shell(line);
  expect({ code, stderr, line }).toMatchObject({ code: 0, line });
  return stdout.replace(/\n$/, "");
}

/** The same, as lines; none when nothing is printed. */
export async function lines(bed: Bed, line: string): Promise<string[]> {
  const text = await say(bed, line);
  return text === "" ? [] : text.split("\n");
}

/** Writes into an attribute as our scripts do: dd names the errno. */
export function write(bed: Bed, path: string, text: string): Promise<RunResult> {
  return bed.shell(writeLine(path, text));
}

/** The line that `write` runs. */
export function writeLine(path: string, text: string): string {
  return `printf '%s\\n' ${shellQuote(text)} | dd of=${shellQuote(path)} bs=4096 conv=notrunc status=none`;
}

/** How dd tells that the kernel refused a write. */
export function refusedWith(message: string) {
  return { code: 1, stderr: expect.stringMatching(new RegExp(`^dd: .*: ${message}\\n$`)) };
}

/** What a write that was taken answers. */
export const taken = { code: 0, stdout: "", stderr: "" };

/** Waits until a line of shell exits with 0; fails after the deadline. */
export async function eventually(bed: Bed, line: string, seconds = 60): Promise<void> {
  const tries = seconds * 10;
  const loop = `n=0; until { ${line}; } > /dev/null 2>&1; do n=$((n + 1)); [ $n -lt ${tries} ] || exit 1; sleep 0.1; done`;
  expect({ ...(await bed.shell(loop)), line }).toMatchObject({ code: 0, line });
}

/** Runs some work in a folder of its own on the machine, and takes the folder away. */
export async function inFolder(bed: Bed, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await say(bed, "mktemp -d /var/tmp/contract-XXXXXX");
  try {
    await work(folder);
  } finally {
    await bed.shell(`rm -rf ${folder}`);
  }
}
