import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { shellQuote } from "../../../provider/transport/link/quote.js";
import { forwardedPort, type QemuMachine, qemu, qemuArguments } from "./qemu-arguments.js";
import { Qmp } from "./qmp.js";

const run = promisify(execFile);

/** A disk that keeps only what differs from `backing`, which must not change while it is used. */
export async function makeOverlay(file: string, backing: { readonly file: string; readonly format: string }) {
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", backing.file, "-F", backing.format, file]);
}

/** One boot of a machine: a reset ends it. */
export class QemuProcess {
  /** Resolves when QEMU has ended: with what it said. */
  readonly ended: Promise<string>;
  private stopped = false;
  private killed = false;
  private said = "";

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly qmp: Qmp,
    /** Port on 127.0.0.1 that leads to the machine's port 22. */
    readonly sshPort: number,
    ended: Promise<string>,
  ) {
    this.ended = ended;
    void ended.then((said) => {
      this.stopped = true;
      this.said = said;
    });
  }

  /** Starts QEMU in `folder`. With a frozen state the machine goes on from there. */
  static async start(folder: string, machine: QemuMachine, frozenState?: string): Promise<QemuProcess> {
    // The kernel kills it with this process, however that ends.
    const args = ["--pdeathsig", "KILL", "--", qemu, ...qemuArguments(machine, frozenState)];
    const child = spawn("setpriv", args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(`${said}(exit ${code ?? signal})`));
    });
    try {
      const qmp = await Qmp.open(child.stdin, child.stdout);
      if (frozenState !== undefined) await qmp.resume();
      const answer = await qmp.monitor("info usernet");
      const port = forwardedPort(answer);
      if (port === undefined) throw new Error(`QEMU tells no forwarded port:\n${answer}`);
      return new QemuProcess(child, folder, qmp, port, ended);
    } catch (error) {
      child.kill("SIGKILL");
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`The lab machine ${machine.name} does not start: ${why}\nQEMU: ${await ended}`);
    }
  }

  /** It ended because the machine was reset. */
  get reset(): boolean {
    return this.stopped && this.qmp.reset;
  }

  get running(): boolean {
    return !this.stopped;
  }

  /** What it said where it ended by itself and not because the machine was switched off or reset. */
  get failure(): string | undefined {
    return this.stopped && !this.killed && !this.qmp.shutDown ? `QEMU ended: ${this.said}` : undefined;
  }

  /** The last lines of the machine's serial console. */
  console(lines = 30): string {
    try {
      const text = readFileSync(path.join(this.folder, "console.log"), "latin1");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a console has them
      const plain = text.replace(/\u001b\[[0-9;?]*[A-Za-z]|[^\t\n\u0020-\u007e]/g, "");
      return plain.trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }

  /** Ends it and leaves its memory, compressed, and its disk in these files. */
  async freeze(files: { readonly disk: string; readonly memory: string }): Promise<void> {
    await this.qmp.migrate(`exec:zstd -1 -q -T2 > ${shellQuote(files.memory)}`);
    await this.kill();
    renameSync(path.join(this.folder, "disk.qcow2"), files.disk);
  }

  /** Ends it as a pulled plug does. */
  async kill(): Promise<void> {
    this.killed = true;
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
