import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { engineEnvironment } from "../../../tools/engine/engine-environment.js";
import { killProcessTree } from "./process-tree.js";

/** Where a stack's program lies and where its state goes. */
export interface StackOptions {
  /** The folder with Pulumi.yaml. */
  readonly projectDir: string;
  /** Holds the file backend; made when missing. */
  readonly stateDir: string;
  /** Added to the engine's environment. @default nothing */
  readonly env?: Readonly<Record<string, string>>;
  /** @default "test" */
  readonly name?: string;
}

/** What one call of `pulumi` came to. */
export interface StackRun {
  readonly args: readonly string[];
  /** -1 when it was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order they arrived. */
  readonly output: string;
  readonly durationMs: number;
}

/** A call of `pulumi` that has not ended. */
export interface RunningStack {
  readonly ended: Promise<StackRun>;
  /** Kill -9 of the engine, the program and the provider at once. */
  kill(): void;
  /** What it has printed so far. */
  output(): string;
}

/** One resource in an exported state, as far as tests look at it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A real Pulumi stack, driven through the command line as a user drives it. */
export class Stack {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #projectDir: string;

  constructor(options: StackOptions) {
    mkdirSync(options.stateDir, { recursive: true });
    this.name = options.name ?? "test";
    this.#projectDir = options.projectDir;
    this.env = { ...engineEnvironment(options.stateDir), ...options.env };
  }

  /** Makes the stack; has to come first. */
  async init(): Promise<StackRun> {
    return mustSucceed(await this.run(["stack", "init", this.name]));
  }

  /** `pulumi up`, without a preview of its own where `--skip-preview` is among the arguments. */
  up(args: readonly string[] = []): Promise<StackRun> {
    return this.run(["up", "--yes", ...args]);
  }

  preview(args: readonly string[] = []): Promise<StackRun> {
    return this.run(["preview", "--diff", ...args]);
  }

  refresh(args: readonly string[] = []): Promise<StackRun> {
    return this.run(["refresh", "--yes", ...args]);
  }

  destroy(args: readonly string[] = []): Promise<StackRun> {
    return this.run(["destroy", "--yes", ...args]);
  }

  /** Frees a stack whose engine was killed. */
  cancel(): Promise<StackRun> {
    return this.run(["cancel", "--yes"]);
  }

  async setConfig(key: string, value: string, options: { readonly secret?: boolean } = {}): Promise<void> {
    const kind = options.secret === true ? "--secret" : "--plaintext";
    const running = this.start(["config", "set", kind, key], { stdin: value });
    mustSucceed(await running.ended);
  }

  /** The stack's state file, and its resources. */
  async exportState(): Promise<{ readonly text: string; readonly resources: readonly StateResource[] }> {
    const { stdout } = mustSucceed(await this.run(["stack", "export"]));
    const state = JSON.parse(stdout) as { deployment: { resources?: StateResource[] } };
    return { text: stdout, resources: state.deployment.resources ?? [] };
  }

  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = mustSucceed(await this.run(["stack", "output", "--json", "--show-secrets"]));
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** Any command of `pulumi`; an exit code other than 0 is not an error here. */
  run(args: readonly string[], env: StackOptions["env"] = {}): Promise<StackRun> {
    return this.start(args, { env }).ended;
  }

  /** Starts a command of `pulumi`, for those who do something to it before it ends. */
  start(
    args: readonly string[],
    { stdin = "", env = {} }: { readonly stdin?: string; readonly env?: StackOptions["env"] } = {},
  ): RunningStack {
    // These commands know no stack yet, or none at all.
    const chooses = ["stack init", "version", "plugin ls"].some((command) =>
      args.join(" ").startsWith(command),
    );
    const all = [
      ...args,
      ...(chooses ? [] : ["--stack", this.name]),
      "--non-interactive",
      "--color",
      "never",
    ];
    const started = Date.now();
    const child = spawn("pulumi", all, { cwd: this.#projectDir, env: { ...this.env, ...env } });
    child.stdin.end(stdin);
    const printed = collect(child);
    const ended = new Promise<StackRun>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) =>
        resolve({ args: all, code: code ?? -1, ...printed, durationMs: Date.now() - started }),
      );
    });
    return {
      ended,
      kill: () => {
        if (child.pid !== undefined && child.exitCode === null) killProcessTree(child.pid);
      },
      output: () => printed.output,
    };
  }
}

/** Gives the run back, or throws with all it printed. */
export function mustSucceed(run: StackRun): StackRun {
  if (run.code === 0) return run;
  throw new Error(`pulumi ${run.args.join(" ")} exited with ${run.code}:\n${run.output}`);
}

function collect(child: ChildProcess): { stdout: string; stderr: string; output: string } {
  const printed = { stdout: "", stderr: "", output: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      printed[stream] += text;
      printed.output += text;
    });
  }
  return printed;
}
