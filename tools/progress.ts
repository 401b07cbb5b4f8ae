/** One line for a long step: rewritten in place on a terminal, printed now and then elsewhere. */
export class Progress {
  readonly #started = Date.now();
  readonly #timer: NodeJS.Timeout;
  #detail = "";

  constructor(readonly title: string) {
    const periodMs = process.stdout.isTTY ? 1000 : 15_000;
    this.#timer = setInterval(() => this.#print(), periodMs);
    this.#timer.unref();
    if (process.stdout.isTTY) this.#print();
    else console.log(`${title} ...`);
  }

  /** Whole seconds since the step began. */
  get seconds(): number {
    return Math.round((Date.now() - this.#started) / 1000);
  }

  /** What the step is doing now, shown with the next line. */
  detail(text: string): void {
    this.#detail = text;
  }

  /** Ends the step with the sentence that stays. */
  end(sentence: string): void {
    clearInterval(this.#timer);
    if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
    console.log(sentence);
  }

  #print(): void {
    const line = `${this.title}: ${this.seconds} s${this.#detail === "" ? "" : `, ${this.#detail}`}`;
    if (process.stdout.isTTY)
      process.stdout.write(`\r\u001b[K${line.slice(0, (process.stdout.columns || 80) - 1)}`);
    else console.log(line);
  }
}
