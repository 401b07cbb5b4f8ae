import { SysError, type SysNode, type SysTree } from "../types.js";

/** A directory of a live tree: its entries are made anew each time they are asked for. */
export interface DirEntry {
  readonly kind: "dir";
  entries(): Record<string, SysEntry>;
  /** One entry, where that is quicker than making all. */
  child?(name: string): SysEntry | undefined;
}

export interface LinkEntry {
  readonly kind: "link";
  readonly target: string;
}

export interface FileEntry {
  readonly kind: "file";
  readonly mode: number;
  read(): string | Buffer;
  write?(data: Buffer): void | Promise<void>;
}

export type SysEntry = DirEntry | LinkEntry | FileEntry;

/** Returns a directory whose entries are read when somebody looks. */
export function dir(
  entries: () => Record<string, SysEntry>,
  child?: (name: string) => SysEntry | undefined,
): DirEntry {
  return child === undefined ? { kind: "dir", entries } : { kind: "dir", entries, child };
}

export function link(target: string): LinkEntry {
  return { kind: "link", target };
}

/** Returns a read-only attribute; the value gets sysfs's closing newline. */
export function attribute(value: string | number | (() => string | number)): FileEntry {
  const read = () => `${typeof value === "function" ? value() : value}\n`;
  return { kind: "file", mode: 0o444, read };
}

/** Returns a read-only attribute with raw content. */
export function blob(content: () => Buffer): FileEntry {
  return { kind: "file", mode: 0o444, read: content };
}

/** Returns an attribute that can be read and written; `write` gets the text without surrounding blanks. */
export function control(
  read: () => string | number,
  write: (text: string) => void | Promise<void>,
): FileEntry {
  return {
    kind: "file",
    mode: 0o644,
    read: () => `${read()}\n`,
    write: (data) => write(data.toString("utf8").trim()),
  };
}

/** Returns a write-only attribute; reading it fails with EACCES, as root also gets EIO or EACCES from the kernel's. */
export function trigger(write: (text: string) => void | Promise<void>): FileEntry {
  return {
    kind: "file",
    mode: 0o200,
    read: () => {
      throw new SysError("EACCES");
    },
    write: (data) => write(data.toString("utf8").trim()),
  };
}

function entryNamed(directory: DirEntry, name: string): SysEntry | undefined {
  if (directory.child !== undefined) return directory.child(name);
  const entries = directory.entries();
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** Serves a directory as the tree that a machine mounts at /sys. */
export class EntryTree implements SysTree {
  readonly #top: DirEntry;

  constructor(top: DirEntry) {
    this.#top = top;
  }

  lookup(path: string): SysNode | undefined {
    const entry = this.#find(path);
    if (entry === undefined) return undefined;
    if (entry.kind === "dir") return { kind: "dir" };
    return entry;
  }

  list(path: string): string[] {
    const entry = this.#find(path);
    return entry?.kind === "dir" ? Object.keys(entry.entries()) : [];
  }

  #find(path: string): SysEntry | undefined {
    let entry: SysEntry = this.#top;
    for (const part of path.split("/")) {
      if (part === "") continue;
      if (entry.kind !== "dir") return undefined;
      const next = entryNamed(entry, part);
      if (next === undefined) return undefined;
      entry = next;
    }
    return entry;
  }
}

/**
 * Returns what a path leads to, links followed as the kernel does; `undefined` when there is nothing.
 * For models and tests: a machine's kernel follows links by itself.
 */
export function resolve(tree: SysTree, path: string): SysNode | undefined {
  const real = realPath(tree, path);
  return real === undefined ? undefined : tree.lookup(real);
}

/** Returns the path below /sys with all links followed, `undefined` for a dangling one. */
export function realPath(tree: SysTree, path: string): string | undefined {
  let done: string[] = [];
  const todo = path.split("/").filter((part) => part !== "");
  for (let budget = 200; budget > 0; budget--) {
    const part = todo.shift();
    if (part === undefined) return `/${done.join("/")}`;
    if (part === ".") continue;
    if (part === "..") {
      done = done.slice(0, -1);
      continue;
    }
    const node = tree.lookup(`/${[...done, part].join("/")}`);
    if (node === undefined) return undefined;
    if (node.kind === "link") todo.unshift(...node.target.split("/").filter((piece) => piece !== ""));
    else done.push(part);
  }
  return undefined;
}

/** Returns the text of a file below /sys, links followed. @throws SysError ENOENT when there is none */
export async function readText(tree: SysTree, path: string): Promise<string> {
  const node = resolve(tree, path);
  if (node?.kind !== "file") throw new SysError("ENOENT");
  return (await node.read()).toString();
}

/** Writes as `echo text > path` does. @throws SysError what the kernel would answer */
export async function writeText(tree: SysTree, path: string, text: string): Promise<void> {
  const node = resolve(tree, path);
  if (node?.kind !== "file") throw new SysError("ENOENT");
  if (node.write === undefined) throw new SysError("EACCES");
  await node.write(Buffer.from(`${text}\n`));
}

/** Returns the names in a directory below /sys, links followed; empty when there is none. */
export function namesIn(tree: SysTree, path: string): string[] {
  const real = realPath(tree, path);
  return real === undefined ? [] : tree.list(real);
}
