import type { ChildProcessByStdio } from "node:child_process";
import { Duplex, PassThrough, type Readable, type Writable } from "node:stream";
import type { ExecChannel } from "../link/link.js";

/** How long a program may take to end when it is asked to, milliseconds. */
const endingMs = 2_000;

/** A channel that a program of this machine carries: OpenSSH's client with one command. */
export class ExecChild extends Duplex implements ExecChannel {
  readonly stderr = new PassThrough();

  /** @param code the command's exit code, once the program has ended */
  constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    code: Promise<number | undefined>,
  ) {
    // Ours says more: the exit code.
    super({ emitClose: false, autoDestroy: false });
    child.stdin.on("error", () => {});
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    if (child.stdout.readableEnded) this.push(null);
    else child.stdout.on("end", () => this.push(null));
    if (child.stderr.readableEnded) this.stderr.end();
    else child.stderr.pipe(this.stderr);
    const ended = (stream: Readable) => new Promise((resolve) => stream.once("end", resolve));
    void Promise.all([code, ended(this), ended(this.stderr)]).then(([code]) => this.emit("close", code));
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.child.stdin.destroyed || !this.child.stdin.writable) done();
    else this.child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.child.stdin.end(() => done());
  }

  /** The machine ends the command when its channel closes, which is what comes next. */
  signal(): void {}

  close(): void {
    const { child } = this;
    this.resume();
    this.stderr.resume();
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), endingMs);
    child.once("exit", () => clearTimeout(timer));
  }
}
