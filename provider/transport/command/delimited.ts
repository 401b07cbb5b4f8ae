import { KeptOutput } from "./kept-output.js";

/** The two texts between which a stream is the script's. */
export interface Delimiters {
  readonly begin: string;
  /** Left out where only the beginning is marked. */
  readonly end?: string;
}

const evidence = { head: 4096, tail: 4096 };
const exitCode = /^(\d{1,3})\n/;

/** One output of a command: what the login shell printed before the script, the script's own, and its exit code. */
export class Delimited {
  /** What came before the script's own: a greeting, or why it did not run. */
  readonly before = new KeptOutput(evidence);
  begun = false;
  /** The exit code that the script gave itself; `undefined` where the end is missing. */
  code: number | undefined;
  private over = false;
  private rest = Buffer.alloc(0);

  /** @param take gets the script's own bytes, as they come */
  constructor(
    private readonly marks: Delimiters,
    private readonly take: (chunk: Buffer) => void,
  ) {}

  add(chunk: Buffer): void {
    if (this.over) return;
    this.rest = Buffer.concat([this.rest, chunk]);
    if (!this.begun) this.seekBegin();
    if (this.begun) this.seekEnd();
  }

  /** Hands over what was held back as it might have been a mark. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    if (this.begun) this.take(this.rest);
    else this.before.add(this.rest);
  }

  private seekBegin(): void {
    const { begin } = this.marks;
    const at = this.rest.indexOf(begin);
    this.before.add(this.cut(at === -1 ? this.rest.length - heldBack(this.rest, begin) : at));
    if (at === -1) return;
    this.begun = true;
    this.cut(begin.length);
  }

  private seekEnd(): void {
    const { end } = this.marks;
    const at = end === undefined ? -1 : this.rest.indexOf(end);
    const held = end === undefined ? 0 : heldBack(this.rest, end);
    const own = this.cut(at === -1 ? this.rest.length - held : at);
    if (own.length > 0) this.take(own);
    if (at === -1 || end === undefined) return;
    const code = exitCode.exec(this.rest.toString("latin1", end.length, end.length + 4));
    if (code !== null) this.code = Number(code[1]);
    // Whatever follows the mark instead is no end of ours.
    this.over = code !== null || this.rest.length > end.length + 4;
  }

  private cut(length: number): Buffer {
    const piece = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return piece;
  }
}

/** How many bytes at the end may be the beginning of `mark`. */
function heldBack(bytes: Buffer, mark: string): number {
  for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length--)
    if (bytes.subarray(bytes.length - length).equals(Buffer.from(mark.slice(0, length)))) return length;
  return 0;
}
