import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { DrivenChanges, DrivenPreview } from "./drive.js";
import type { DeclaredResource } from "./program.js";

/** What a run's process is told to do. */
export interface RunRequest {
  readonly task: "up" | "preview" | "unchecked" | "destroy";
  readonly program: readonly DeclaredResource[];
  readonly statePath: string;
  readonly serial?: boolean;
  readonly refresh?: boolean;
}

/** How it ended. */
export type RunMessage =
  | { readonly value: unknown }
  | { readonly error: { readonly message: string; readonly stack: string; readonly code: string } };

/** What one run came to. */
export interface RunResult {
  /** Whether it was killed before its end. */
  readonly killed: boolean;
  readonly value: unknown;
  /** The text of its error, `""` when it had none. */
  readonly error: string;
  /** Both output streams. */
  readonly output: string;
}

/** A run that has not ended. */
export interface Run {
  readonly ended: Promise<RunResult>;
  /** Kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Moves the clock of its process on. */
  moveClock(ms: number): void;
  /** What it has printed so far. */
  output(): string;
}

const loader = join(__dirname, "..", "..", "tools", "run-typescript.cjs");

/** Starts a run in a process of its own, as the engine does: nothing of an earlier run is in its memory. */
export function startRun(request: RunRequest, env: Readonly<Record<string, string>> = {}): Run {
  const child = fork(join(__dirname, "run-main.ts"), [], {
    execArgv: ["--require", loader],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      output += data;
    });
  const ended = endOf(child, () => output);
  child.send(request);
  return {
    ended,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    moveClock: (moveMs) => child.send({ moveMs }),
    output: () => output,
  };
}

function endOf(child: ChildProcess, output: () => string): Promise<RunResult> {
  let message: RunMessage | undefined;
  child.on("message", (received) => {
    message = received as RunMessage;
  });
  return new Promise((resolve) => {
    child.once("close", () => {
      const error = message !== undefined && "error" in message ? message.error.message : "";
      const value = message !== undefined && "value" in message ? message.value : undefined;
      resolve({ killed: message === undefined, value, error, output: output() });
    });
  });
}

/** Runs to the end. @throws Error with the run's own error */
async function runToEnd(request: RunRequest): Promise<unknown> {
  const { killed, value, error, output } = await startRun(request).ended;
  if (killed) throw new Error(`the run's process ended early:\n${output}`);
  if (error !== "") throw new Error(error);
  return value;
}

/** `pulumi up` in a process of its own. @throws Error with the run's own error */
export async function runUp(
  program: readonly DeclaredResource[],
  statePath: string,
  options: { readonly serial?: boolean; readonly refresh?: boolean } = {},
): Promise<DrivenChanges> {
  return (await runToEnd({ task: "up", program, statePath, ...options })) as DrivenChanges;
}

/** `pulumi preview` in a process of its own. */
export async function runPreview(
  program: readonly DeclaredResource[],
  statePath: string,
): Promise<Record<string, DrivenPreview>> {
  return (await runToEnd({ task: "preview", program, statePath })) as Record<string, DrivenPreview>;
}

/** Creation in a process of its own, whatever `check` said: the text of each refusal. */
export async function runUnchecked(program: readonly DeclaredResource[]): Promise<Record<string, string>> {
  return (await runToEnd({ task: "unchecked", program, statePath: "" })) as Record<string, string>;
}

/** `pulumi destroy` in a process of its own. @throws Error with the run's own error */
export async function runDestroy(statePath: string): Promise<void> {
  await runToEnd({ task: "destroy", program: [], statePath });
}
