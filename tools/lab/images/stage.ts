import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import { shortOfSpace } from "../cache.js";

/** Runs the stages of one piece of work, says how long each takes, and keeps what they say in log files. */
export class Stages {
  constructor(
    /** Named before each line: two pieces of work may run at once. */
    private readonly title: string,
    private readonly logs: string,
  ) {
    mkdirSync(logs, { recursive: true });
  }

  /**
   * Runs a program to its end.
   * @throws with the last lines it said and where the rest is, when it exits with another code than 0
   */
  async run(stage: string, argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}): Promise<void> {
    const started = Date.now();
    const seconds = () => Math.round((Date.now() - started) / 1000);
    const log = path.join(this.logs, `${stage.replaceAll(" ", "-")}.log`);
    console.log(`${this.title}: ${stage} ...`);
    const ticking = setInterval(() => console.log(`${this.title}: ${stage}, ${seconds()} s so far`), 15_000);
    try {
      const { code, tail } = await runLogged(argv, log, env);
      if (code !== 0) {
        throw new Error(
          `${this.title}: ${stage} failed after ${seconds()} s: ${argv.join(" ")} exited with ${code}.\n` +
            `${tail}\nAll it said: ${log}${shortOfSpace()}`,
        );
      }
    } finally {
      clearInterval(ticking);
    }
    console.log(`${this.title}: ${stage}, ${seconds()} s`);
  }
}

async function runLogged(
  [program, ...args]: readonly [string, ...string[]],
  log: string,
  env: NodeJS.ProcessEnv,
) {
  // It ends with this process, and so does all it started in its own process namespace.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const file = createWriteStream(log);
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      file.write(data);
      tail = (tail + data.toString()).slice(-8000);
    });
  }
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit, signal) => resolve(exit ?? signal ?? "nothing"));
  });
  await new Promise((resolve) => file.end(resolve));
  return { code, tail: tail.trimEnd().split("\n").slice(-25).join("\n") };
}
