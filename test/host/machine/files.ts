// The machine's files as the simulator reads and writes them, links followed as inside the machine.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, normalize, posix } from "node:path";

export class MachineFiles {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Where `path` of the machine is for this process; the last part need not exist. */
  locate(path: string, links = 0): string {
    if (!path.startsWith("/")) throw new Error(`a path in the machine is absolute, got "${path}"`);
    if (/^\/(sys|proc)(\/|$)/.test(normalize(path)))
      throw new Error(`${path} is not a file of the machine's tree`);
    if (links > 40) throw new Error(`${path}: too many links`);
    const parts = normalize(path).split("/").filter(Boolean);
    let at = "/";
    for (const [index, part] of parts.entries()) {
      const next = posix.join(at, part);
      if (lstatSync(join(this.root, next), { throwIfNoEntry: false })?.isSymbolicLink()) {
        const target = readlinkSync(join(this.root, next));
        return this.locate(posix.resolve(at, target, ...parts.slice(index + 1)), links + 1);
      }
      at = next;
    }
    return join(this.root, at);
  }

  read(path: string): string | undefined {
    try {
      return readFileSync(this.locate(path), "utf8");
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? ""))
        return undefined;
      throw error;
    }
  }

  write(path: string, text: string | Uint8Array, mode?: number): void {
    const place = this.locate(path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
    if (mode !== undefined) chmodSync(place, mode);
  }

  /** Removes the file, link or directory itself. */
  remove(path: string): void {
    rmSync(join(this.locate(dirname(path)), posix.basename(path)), { recursive: true, force: true });
  }

  exists(path: string): boolean {
    return existsSync(this.locate(path));
  }

  list(path: string): string[] {
    try {
      return readdirSync(this.locate(path)).sort();
    } catch {
      return [];
    }
  }
}
