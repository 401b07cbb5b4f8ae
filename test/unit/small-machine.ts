import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { changingScript, type Machine } from "../../provider/apply/machine.js";
import { runShell, type ShellResult } from "./shell.js";

/** Where the scripts read and write; what begins so lies below the small machine's root. */
const rooms =
  /(?<![\w/$}.*-])\/(etc|var\/lib|usr\/(?:local\/lib|lib|bin|src)|run|sys|lib\/mod(?:ules|probe\.d)|boot|proc\/driver)(?=[/ "'\n;]|$)/gm;

/** A folder that the changing scripts take for a machine, with programs that do what a test says. */
export class SmallMachine {
  readonly root = mkdtempSync(join(tmpdir(), "smallmachine"));

  /** @param lacks programs that are not there until the test puts them there, whatever this computer has */
  constructor(
    readonly side: Machine["side"],
    private readonly lacks: readonly string[] = [],
  ) {
    for (const folder of [
      "bin",
      "etc/modprobe.d",
      "var/lib",
      "usr/local/lib",
      "usr/lib/nvidia",
      "run",
      "sys/module",
    ])
      mkdirSync(this.at(folder), { recursive: true });
  }

  at(path: string): string {
    return join(this.root, path);
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  /** The text of a file, `""` where there is none. */
  read(path: string): string {
    return this.has(path) ? readFileSync(this.at(path), "utf8") : "";
  }

  list(path: string): string[] {
    return this.has(path) ? readdirSync(this.at(path)).sort() : [];
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
    chmodSync(this.at(path), mode);
  }

  /** Puts a program where the scripts look first; each call of it is noted in the file "calls". */
  program(name: string, text: string): void {
    const begun = `#!/bin/sh\necho "${name} $*" >> ${this.root}/calls\ncd ${this.root}\n`;
    this.write(`bin/${name}`, `${begun}${text}\n`, 0o755);
  }

  /** Makes every wait a moment long, in which this is done: a script that looks again and again does so at once. */
  hurry(meanwhile = ""): void {
    this.program("sleep", `${meanwhile}\nexec /bin/sleep 0.01`);
  }

  calls(): string[] {
    return this.read("calls")
      .split("\n")
      .filter((line) => line !== "");
  }

  /** Runs a changing script; in what it says the root is left out. */
  run(name: string, args: readonly string[] = [], stdin = ""): ShellResult {
    return this.shell(changingScript(name, this.side), args, stdin);
  }

  /** Runs any text as if it were on the machine. */
  shell(text: string, args: readonly string[] = [], stdin = ""): ShellResult {
    const here = text.replace(rooms, `${this.root}/$1`);
    const begun = `PATH=${this.root}/bin:$PATH\n${this.lacking()}`;
    const { code, stdout, stderr } = runShell(begun + here, args, stdin);
    return { code, stdout: stdout.replaceAll(this.root, ""), stderr: stderr.replaceAll(this.root, "") };
  }

  private lacking(): string {
    const names = this.lacks.filter((name) => !this.has(`bin/${name}`));
    return names.length === 0
      ? ""
      : `command() { case $2 in ${names.join("|")}) return 1 ;; esac; type "$2"; }\n`;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
