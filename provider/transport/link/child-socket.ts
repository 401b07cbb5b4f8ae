import type { ChildProcessByStdio } from "node:child_process";
import { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";

/** A program whose input and output are a way to a machine. */
export type WayProgram = ChildProcessByStdio<Writable, Readable, Readable | null>;

/** A program that has closed its output has this long to end by itself, milliseconds. */
const endingMs = 1_000;

/** The input and the output of a program as one socket; it ends with the program, and the program with it. */
export class ChildSocket extends Duplex {
  /**
   * @param why makes the error of a program that ended by itself, from how it ended
   * @param group whether it leads a process group of its own
   */
  constructor(
    private readonly child: WayProgram,
    private readonly why?: (end: number | string) => Error,
    private readonly group = false,
  ) {
    super();
    child.stdin.on("error", () => {});
    child.on("error", (error) => this.destroy(error));
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    // What it says when it ends by itself is told in place of a mere end.
    child.stdout.on("end", () => {
      if (why === undefined) this.push(null);
      else setTimeout(() => this.endProgram(), endingMs).unref();
    });
    child.on("close", (code, signal) =>
      this.destroy(this.destroyed ? undefined : why?.(code ?? signal ?? 0)),
    );
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // Of a program that has ended its own words are told, not that nothing can be written to it.
    const failed = (error: Error | null | undefined) => done(this.why === undefined ? error : null);
    if (this.child.stdin.destroyed) failed(new Error("the program has ended"));
    else this.child.stdin.write(chunk, failed);
  }

  override _final(done: () => void): void {
    this.child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.endProgram();
    done(error);
  }

  /** With what it has started, where it leads a process group of its own. */
  private endProgram(): void {
    const { pid } = this.child;
    if (this.group && pid !== undefined) {
      try {
        process.kill(-pid, "SIGTERM");
      } catch {}
    } else this.child.kill("SIGTERM");
  }

  ref(): void {
    this.hold("ref");
  }

  unref(): void {
    this.hold("unref");
  }

  private hold(how: "ref" | "unref"): void {
    this.child[how]();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr])
      if (stream instanceof Socket) stream[how]();
  }
}
