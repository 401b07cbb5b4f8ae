import type { ExecChannel } from "../link/link.js";
import type { CallMarks } from "./command-line.js";

/** Longer than any login's startup files take; a shell of theirs that waits for input sees its end then. */
const reachingMs = 30_000;
/** Longer than any check of a password takes; a script that has not begun by then does not. */
const longestMs = 60_000;

/**
 * The password for sudo on standard input. It waits for our own shell: one that the login's startup files put in its place would
 * run it as a command. Nothing goes after it before the script has announced itself, since sudo-rs reads ahead, and since what
 * follows would be taken for the next try. Asked a second time, sudo is told that there is no other.
 */
export class SudoPassword {
  private timer: NodeJS.Timeout;
  private over = false;
  private given = false;

  constructor(
    private readonly channel: ExecChannel,
    private readonly password: string,
    private readonly marks: CallMarks,
  ) {
    this.timer = setTimeout(() => this.refuse(), reachingMs);
  }

  /** Our shell runs, and sudo is what reads next. */
  reached(): void {
    if (this.given || this.over) return;
    this.given = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refuse(), longestMs);
    this.channel.write(`${this.password}\n`);
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
