import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { repositoryRoot } from "../paths.js";

/** One call of `pulumi`. */
export interface PulumiRun {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

/** How `pulumi` is called. */
export interface PulumiCall {
  readonly env: Readonly<Record<string, string>>;
  /** Show nothing unless it fails. @default false */
  readonly quiet?: boolean;
  readonly stdin?: string;
}

/** Runs `pulumi` in this repository and shows what it prints. */
export function runPulumi(args: readonly string[], call: PulumiCall): Promise<PulumiRun> {
  const show = (text: string) => {
    if (call.quiet !== true && !isChatter(text)) process.stdout.write(text);
  };
  show(`\n$ pulumi ${args.join(" ")}\n`);
  const started = Date.now();
  const all = [...args, "--non-interactive", "--color", process.stdout.isTTY ? "always" : "never"];
  const child = spawn("pulumi", all, { cwd: repositoryRoot, env: { ...call.env } });
  child.stdin.end(call.stdin ?? "");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      output += `${line}\n`;
      show(`${line}\n`);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code: code ?? -1, output, seconds: (Date.now() - started) / 1000 }),
    );
  });
}

/** Lines that only say that the engine is busy, or that a resource is as it was. */
function isChatter(line: string): boolean {
  return /^@ |refresh(ing)?( \([\d.]+s\))?\s*$|^ {4}pulumi\S* \S+\s*$| running\s*$/.test(line);
}
