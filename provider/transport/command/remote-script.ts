import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A fixed POSIX shell program. Values reach it as arguments or on standard input, never as text. */
export interface RemoteScript {
  /** What it does, verb-thing, e.g. `"read-boot-id"`: the name seen in the machine's process list and command log. */
  readonly name: string;
  readonly text: string;
}

const loaded = new Map<string, RemoteScript>();

/** Returns the shell functions of folders that nobody but root may write to. */
export function ownFolder(): string {
  return transportScript("own-folder").text;
}

/** Returns the script `<name>.sh` of `provider/transport/scripts`; read once per process. */
export function transportScript(name: string): RemoteScript {
  let script = loaded.get(name);
  if (script === undefined) {
    script = { name, text: readFileSync(join(__dirname, "..", "scripts", `${name}.sh`), "utf8") };
    loaded.set(name, script);
  }
  return script;
}
