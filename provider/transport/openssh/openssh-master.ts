import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Master } from "./openssh-link.js";

/** What a master said until it was there or had ended. */
export interface MasterStart {
  readonly master: Master;
  /** `undefined`: it is there. */
  readonly code: number | null | undefined;
  /** What OpenSSH said, with its debugging lines. */
  readonly said: string;
}

/** A master ends with its input, so that it does not outlive who started it; its clients have their own. */
const keeper = `exec 3<&0 </dev/null
"$@" &
master=$!
{ cat <&3 >/dev/null 2>&1; kill "$master" 2>/dev/null; } &
exec 3<&-
wait "$master"`;

const mostSaid = 64 * 1024;

/**
 * Starts OpenSSH's client and waits until it is logged in, or has ended.
 * @param onText is told all that it has said, whenever there is more
 */
export async function startMaster(
  args: readonly string[],
  { folder, onText, timeoutMs }: { folder: string; onText: (said: string) => void; timeoutMs: number },
): Promise<MasterStart | "late"> {
  const socket = join(folder, "s");
  const words = ["ssh", "-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-S", socket, ...args];
  const child = spawn("/bin/sh", ["-c", keeper, "pulumi-vgpu", ...words], {
    stdio: ["pipe", "pipe", "pipe"],
    // A Ctrl-C in the terminal is for this process to hear, which ends its commands in order.
    detached: true,
  });
  child.stdin.on("error", () => {});
  const master: Master = { process: child, folder, socket };
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-mostSaid);
    onText(said);
  });
  const until = performance.now() + timeoutMs;
  return new Promise((resolve) => {
    const settle = (start: MasterStart | "late") => {
      clearInterval(looking);
      child.off("close", ended);
      resolve(start);
    };
    const ended = (code: number | null) => settle({ master, code, said });
    const look = () => {
      if (existsSync(socket)) {
        for (const part of [child, child.stdin, child.stdout, child.stderr])
          (part as { unref?(): void }).unref?.();
        settle({ master, code: undefined, said });
      } else if (performance.now() > until) {
        child.stdin.destroy();
        settle("late");
      }
    };
    const looking = setInterval(look, 10);
    child.once("close", ended);
  });
}
