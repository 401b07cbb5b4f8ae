// Real pipes for the processes of a machine. Node gives its children socket pairs, which cannot be opened again
// through /dev/stdin, /dev/stdout and /dev/stderr as sshd's pipes can. It cannot make pipes either, but it can open
// those of another process: a shell's here-documents.
import { spawn } from "node:child_process";
import { closeSync, constants, existsSync, fchmodSync, openSync, readlinkSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

interface Ends {
  readonly reading: number;
  readonly writing: number;
}

const LOW = 21;
const SHELL = existsSync("/usr/bin/dash") ? "/usr/bin/dash" : "/bin/sh";

const free: Ends[] = [];
let making: Promise<void> | undefined;

function openEnds(path: string): Ends {
  if (!readlinkSync(path).startsWith("pipe:"))
    throw new Error(
      "The simulated machines need dash, or a bash of 5.1 or later, as /bin/sh: they take its pipes.",
    );
  const ends = { reading: openSync(path, constants.O_RDONLY), writing: openSync(path, constants.O_WRONLY) };
  // The text of the here-document.
  readSync(ends.reading, Buffer.alloc(16));
  // For commands of the user admin, whose own sshd would have made them.
  fchmodSync(ends.reading, 0o666);
  return ends;
}

async function makeBatch(): Promise<void> {
  const holder = spawn(SHELL, [join(__dirname, "make-pipes.sh")], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  for await (const text of holder.stdout) {
    said += text;
    if (said.trim().split("\n").length === 6 && said.endsWith("\n")) break;
  }
  for (const pid of said.trim().split("\n"))
    for (const descriptor of [3, 4, 5, 6, 7, 8, 9]) free.push(openEnds(`/proc/${pid}/fd/${descriptor}`));
  const ended = new Promise((resolve) => holder.once("exit", resolve));
  holder.stdin.end();
  // As long as the holder lives it is a reader too, and a writer would not notice that the real one is gone.
  await ended;
}

function refill(): Promise<void> {
  making ??= makeBatch().finally(() => {
    making = undefined;
  });
  return making;
}

async function take(): Promise<Ends> {
  while (free.length === 0) await refill();
  const ends = free.pop() as Ends;
  if (free.length < LOW) void refill().catch(() => {});
  // For commands of the user admin, whose own sshd would have made them.
  fchmodSync(ends.reading, 0o666);
  return ends;
}

/** One pipe: a stream for this process and a descriptor for the child, to be closed here once the child has it. */
export interface Pipe {
  readonly stream: Socket;
  readonly childEnd: number;
}

/** A pipe the child reads (`into`) or writes (`out of`). */
export async function makePipe(direction: "into the child" | "out of the child"): Promise<Pipe> {
  const { reading, writing } = await take();
  const into = direction === "into the child";
  const [childEnd, other] = into ? [reading, writing] : [writing, reading];
  // Opened anew: not to block is a property of the open, and the child's end must block.
  const mode = (into ? constants.O_WRONLY : constants.O_RDONLY) | constants.O_NONBLOCK;
  const ours = openSync(`/proc/self/fd/${other}`, mode);
  closeSync(other);
  return { stream: new Socket({ fd: ours, readable: !into, writable: into }), childEnd };
}
