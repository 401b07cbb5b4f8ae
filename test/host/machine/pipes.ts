// Real pipes for the processes of a machine. Node gives its children socket pairs, which cannot be opened again
// through /dev/stdin, /dev/stdout and /dev/stderr as sshd's pipes can.
import { execFile, execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

const BATCH = 90;

let directory = "";
let made = 0;
let refilling = false;
const free: string[] = [];

/** Says where unnamed-to-be pipes are made. */
export function keepPipesIn(base: string): void {
  directory = join(base, ".pipes");
  mkdirSync(directory);
}

const nextNames = (): string[] => Array.from({ length: BATCH }, () => join(directory, `${made++}`));

function take(): string {
  if (free.length === 0) {
    const names = nextNames();
    execFileSync("mkfifo", ["-m", "666", ...names]);
    free.push(...names);
  }
  if (free.length < BATCH / 2 && !refilling) {
    refilling = true;
    const names = nextNames();
    execFile("mkfifo", ["-m", "666", ...names], (error) => {
      refilling = false;
      if (!error) free.push(...names);
    });
  }
  return free.pop() as string;
}

/** One pipe: a stream for this process and a descriptor for the child, to be closed here once the child has it. */
export interface Pipe {
  readonly stream: Socket;
  readonly childEnd: number;
}

/** A pipe the child reads (`into`) or writes (`out of`). */
export function makePipe(direction: "into the child" | "out of the child"): Pipe {
  const path = take();
  // Held open both ways, so that neither of the next two has to wait for the other.
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const into = direction === "into the child";
  const childEnd = openSync(path, into ? constants.O_RDONLY : constants.O_WRONLY);
  const ours = openSync(path, (into ? constants.O_WRONLY : constants.O_RDONLY) | constants.O_NONBLOCK);
  unlinkSync(path);
  closeSync(both);
  return { stream: new Socket({ fd: ours, readable: !into, writable: into }), childEnd };
}
