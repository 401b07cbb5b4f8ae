import type { CallMarks } from "./command-line.js";
import { Delimited } from "./delimited.js";
import { type KeptBytes, KeptOutput } from "./kept-output.js";

/** What one command prints, what the login shell printed before it apart. */
export class Answer {
  /** The script's own standard output. */
  readonly output: KeptOutput;
  /** The script's own standard error. */
  readonly errors: KeptOutput;
  /** Bytes that came at all. */
  total = 0;
  private readonly stdout: Delimited;
  private readonly stderr: Delimited;
  private listener: ((chunk: Buffer) => void) | undefined;

  constructor(
    private readonly marks: CallMarks,
    kept: KeptBytes,
    keptErrors: KeptBytes,
  ) {
    this.output = new KeptOutput(kept);
    this.errors = new KeptOutput(keptErrors);
    this.stdout = new Delimited({ begin: marks.begin, end: marks.end }, (chunk) => {
      this.output.add(chunk);
      this.listener?.(chunk);
    });
    this.stderr = new Delimited({ begin: marks.errors }, (chunk) => this.errors.add(chunk));
  }

  /** Whether the script has begun. */
  get begun(): boolean {
    return this.stdout.begun;
  }

  /** Whether something on the machine makes one output of the two: then errors stand in the answer. */
  get joined(): boolean {
    return this.output.text().startsWith(this.marks.errors);
  }

  /** The exit code that the script gave itself; `undefined` while, or where, its end is missing. */
  get code(): number | undefined {
    return this.stdout.code;
  }

  /** Whether the login shell has run our command, though sudo may have started nothing. */
  get reached(): boolean {
    const { reached } = this.marks;
    return this.begun || [this.stdout, this.stderr].some(({ before }) => before.text().includes(reached));
  }

  takeOutput(chunk: Buffer): void {
    this.total += chunk.length;
    this.stdout.add(chunk);
  }

  takeErrors(chunk: Buffer): void {
    this.total += chunk.length;
    this.stderr.add(chunk);
  }

  /** Hands over the script's standard output, what came already at once. */
  listen(take: (chunk: Buffer) => void): void {
    if (this.output.total > 0) take(Buffer.from(this.output.text()));
    this.listener = take;
  }

  finish(): void {
    this.stdout.finish();
    this.stderr.finish();
  }

  /** What was printed on standard error before the script, without our own marks: the login shell's, then sudo's. */
  errorsBefore(): string {
    return this.stderr.before.text();
  }

  /** The same for people. */
  said(): { readonly shell: string; readonly sudo: string } {
    const { prompt, reached } = this.marks;
    const text = this.errorsBefore().replaceAll(prompt, "");
    const at = text.indexOf(reached);
    if (at === -1) return { shell: this.withoutCommand(text), sudo: "" };
    return { shell: this.withoutCommand(text.slice(0, at)), sudo: text.slice(at + reached.length) };
  }

  /** What was printed on standard output before the script. */
  greeting(): string {
    return this.withoutCommand(this.stdout.before.text());
  }

  /** Some shells show the command that they cannot run, and ours is long. */
  private withoutCommand(text: string): string {
    const { token } = this.marks;
    return text
      .split("\n")
      .filter((line) => !line.includes(token))
      .join("\n");
  }

  anyOutput(): string {
    return this.output.text() || this.greeting();
  }

  anyErrors(): string {
    const { shell, sudo } = this.said();
    return this.errors.text() || sudo || shell;
  }
}
