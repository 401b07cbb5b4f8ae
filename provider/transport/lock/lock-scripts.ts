import { type RemoteScript, transportScript } from "../command/remote-script.js";

/** The folder of the machine's locks and of all that is there for a moment: only root may look into it. */
export const lockFolder = "/run/pulumi-vgpu";
/** Where detached jobs live: on a file system that is empty after a boot, as they are. */
export const jobsPath = `${lockFolder}/jobs`;

/** Returns the shell functions of the locks, for a script that takes one by itself. */
export function lockFunctions(): string {
  return transportScript("lock-functions").text;
}

/** Returns a script of this folder that works with the locks: its functions, and the script. */
export function lockScript(name: string): RemoteScript {
  return { name, text: lockFunctions() + transportScript(name).text };
}

/** A script that changes something, and its arguments as they are sent. */
export interface GuardedScript {
  readonly script: RemoteScript;
  readonly args: readonly string[];
}

/**
 * Returns the script so that it holds the change lock from its first line on, or ends before any change.
 * @param inputBytes length of its standard input; `null` for a stream that the script bounds itself
 */
export function guardedScript(
  request: { readonly script: RemoteScript; readonly args?: readonly string[] },
  token: string,
  inputBytes: number | null,
): GuardedScript {
  const { name, text } = request.script;
  const guard = lockFunctions() + transportScript("guard-change").text;
  return {
    script: { name, text: guard + text },
    args: [token, inputBytes === null ? "-" : String(inputBytes), ...(request.args ?? [])],
  };
}

/** Why a guarded script did not begin: another still runs, its run lost the lock, its input did not arrive. */
export type NotBegun = "busy" | "lost" | "input";

/** Returns why a guarded script did not begin, `undefined` if it did. */
export function notBegun(result: { readonly code: number; readonly stderr: string }): NotBegun | undefined {
  if (result.code !== 75) return undefined;
  const line = result.stderr.split("\n").find((text) => text.startsWith(refusal));
  return (["busy", "lost", "input"] as const).find((reason) => line === refusal + reason);
}

const refusal = "pulumi-vgpu: not begun: ";
