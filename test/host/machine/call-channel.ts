// Stand-in programs: a shim in the machine writes its arguments into an opened file of /sys/.standin and
// reads the answer back from it, so nothing but /bin/sh is needed inside.
import type { ToolCall, ToolHandler, ToolResult } from "../types.js";
import type { CallChannel, CallHandle } from "./fuse-sys.js";
import { shellWords } from "./shell-words.js";

/** How long a read of the channel waits before it says "still working": until then a signal to the caller waits. */
const SLICE_MS = 100;

/**
 * Text of the program at `path`. Request: path, directory, root or not, the environment as `export -p` prints it,
 * the arguments, all NUL-ended, an empty count line, then standard input where an argument names it.
 * Answer: `w` lines while it works, then `CODE STDOUT-BYTES STDERR-BYTES`, then both outputs.
 */
export function shimText(path: string): string {
  return `#!/bin/sh
# stand-in
root=0; [ -w /etc/passwd ] && root=1
exec 9<>"/sys/.standin/$$" || exit 127
printf '%s\\0' '${path}' "$PWD" "$root" "$(export -p)" "$#" "$@" >&9
for word in "$@"; do
  case $word in /dev/stdin | -) cat >&9; break ;; esac
done
while read -r code out err <&9 && [ "$code" = w ]; do :; done
[ -n "$code" ] || exit 255
[ "$out" = 0 ] || head -c "$out" <&9
[ "$err" = 0 ] || cat <&9 >&2
exit "$code"
`;
}

/** Splits a request; undefined while it is not whole. */
export function parseRequest(bytes: Buffer): ToolCall | undefined {
  const fields: string[] = [];
  let at = 0;
  const field = (): string | undefined => {
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    const text = bytes.toString("utf8", at, end);
    at = end + 1;
    return text;
  };
  for (let i = 0; i < 5; i++) fields.push(field() ?? "");
  const [tool, cwd, root, environment, count] = fields as [string, string, string, string, string];
  const argv: string[] = [];
  for (let i = 0; i < Number(count); i++) {
    const word = field();
    if (word === undefined) return undefined;
    argv.push(word);
  }
  if (tool === "") return undefined;
  const env: Record<string, string> = {};
  for (const word of shellWords(environment)) {
    const equals = word.indexOf("=");
    if (equals > 0) env[word.slice(0, equals)] = word.slice(equals + 1);
  }
  const call: ToolCall = { tool, argv, env, cwd, root: root === "1" };
  if (argv.includes("/dev/stdin") || argv.includes("-")) call.stdin = bytes.toString("utf8", at);
  return call;
}

export function formatAnswer({ code, stdout = "", stderr = "" }: ToolResult): Buffer {
  const out = Buffer.from(stdout);
  const err = Buffer.from(stderr);
  return Buffer.concat([Buffer.from(`${code} ${out.length} ${err.length}\n`), out, err]);
}

class Call implements CallHandle {
  private request: Buffer[] = [];
  private answer = Buffer.alloc(0);
  private working: Promise<void> | undefined;
  private done = false;
  private readonly run: (call: ToolCall) => Promise<ToolResult>;

  constructor(run: (call: ToolCall) => Promise<ToolResult>) {
    this.run = run;
  }

  write(data: Buffer): void {
    this.request.push(data);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.working ??= this.start();
    if (offset >= this.answer.length && !this.done) {
      await Promise.race([this.working, new Promise((wake) => setTimeout(wake, SLICE_MS))]);
      if (!this.done && offset >= this.answer.length)
        this.answer = Buffer.concat([this.answer, Buffer.from("w\n")]);
    }
    return this.answer.subarray(offset, offset + length);
  }

  private async start(): Promise<void> {
    const call = parseRequest(Buffer.concat(this.request));
    const result = call ? await this.run(call) : { code: 255, stderr: "stand-in: broken request\n" };
    this.answer = Buffer.concat([this.answer, formatAnswer(result)]);
    this.done = true;
  }

  close(): void {
    this.request = [];
  }
}

/** The channel of one machine: path -> handler. */
export class StandIns implements CallChannel {
  private readonly handlers = new Map<string, ToolHandler>();
  private readonly invoke: (handler: ToolHandler, call: ToolCall) => Promise<ToolResult>;

  constructor(invoke: (handler: ToolHandler, call: ToolCall) => Promise<ToolResult>) {
    this.invoke = invoke;
  }

  set(path: string, handler: ToolHandler): void {
    this.handlers.set(path, handler);
  }

  delete(path: string): void {
    this.handlers.delete(path);
  }

  open(): CallHandle {
    return new Call((call) => this.run(call));
  }

  private async run(call: ToolCall): Promise<ToolResult> {
    const handler = this.handlers.get(call.tool);
    if (!handler) return { code: 127, stderr: `${call.tool}: no stand-in behind it\n` };
    try {
      return await this.invoke(handler, call);
    } catch (error) {
      // A bug of the model, not of the machine: make it plain to whoever reads the test's output.
      return {
        code: 70,
        stderr: `${call.tool}: stand-in failed: ${error instanceof Error ? error.stack : error}\n`,
      };
    }
  }
}
