import type { ExecChannel } from "../link/link.js";
import type { CallMarks } from "./command-line.js";

/** Longer than any check of a password takes; a script that has not begun by then does not. */
const longestMs = 60_000;

/**
 * The password for sudo on standard input: nothing goes after it before the script has announced itself, since sudo-rs reads
 * ahead, and since what follows would be taken for the next try. Asked a second time, sudo is told that there is no other.
 */
export class SudoPassword {
  private readonly timer: NodeJS.Timeout;
  private over = false;

  constructor(
    private readonly channel: ExecChannel,
    password: string,
    private readonly marks: CallMarks,
  ) {
    channel.write(`${password}\n`);
    this.timer = setTimeout(() => this.refuse(), longestMs);
  }

  /** Looks at what was said on standard error so far. */
  see(errors: string): void {
    const asked = errors.split(this.marks.prompt).length - 1;
    if (asked > 1 || triedInVain.test(errors)) this.refuse();
  }

  /** The script runs: the input is its own from here on. */
  taken(): void {
    this.end();
    this.channel.write(this.marks.input);
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private refuse(): void {
    if (this.over) return;
    this.end();
    this.channel.end();
  }
}

/** Source: sudo's and sudo-rs's texts in the C locale. */
export const triedInVain = /try again|incorrect password|incorrect authentication|authentication fail/i;
